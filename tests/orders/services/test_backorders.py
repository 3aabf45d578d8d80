"""Orders confirmed with what is there; the rest waits until it comes in."""

from __future__ import annotations

from functools import partial

import pytest

from fulfillment.services import close_short, pack_fulfillment
from inventory.errors import InsufficientStockError
from inventory.models import ProductVariant, StockLevel
from orders.errors import OrderStateError
from orders.models import Order
from orders.services import (
    OrderLine,
    cancel_order,
    confirm_order,
    hold_order,
    reserve_backordered,
    why_not_partly,
)
from stateset.lib.invariants import all_invariants, violations
from stateset.system.models import Event
from tests.fulfillment.builders import make_picking, make_shipped
from tests.orders.builders import (
    NOON,
    make_order,
    make_short_order,
    make_stocked_variant,
    make_variant,
    stock,
)
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db


def goods_of(order: Order) -> ProductVariant:
    return order.items.order_by("line_number")[0].variant


def units(order: Order) -> tuple[int, int]:
    """Return the units of the goods that are reserved, and those on backorder."""
    item = order.items.order_by("line_number")[0]
    waiting = sum(line.unreserved_quantity for line in order.backordered_items())
    return item.quantity_reserved, waiting


def test_what_is_there_is_reserved_and_the_rest_waits() -> None:
    order = confirm_order(make_short_order(), partly=True, at=NOON)

    assert order.status == "confirmed"
    assert units(order) == (3, 2)
    level = StockLevel.objects.get()
    assert (level.reserved, level.available) == (3, 0)
    told = Event.objects.get(event_type="order.confirmed").payload
    assert told["backordered"] == [{"sku": goods_of(order).sku, "quantity": 2}]
    assert list(violations(all_invariants())) == []


def test_two_lines_of_one_variant_share_what_is_there() -> None:
    goods = make_stocked_variant(3)
    order = make_order(lines=[OrderLine(goods, 2), OrderLine(goods, 2)])

    confirm_order(order, partly=True)

    reserved = order.items.order_by("line_number").values_list(
        "quantity_reserved", flat=True
    )
    assert list(reserved) == [2, 1]


@pytest.mark.parametrize("there", [5, 9])
def test_an_order_of_which_all_is_there_waits_for_nothing(there: int) -> None:
    order = confirm_order(make_short_order(there=there), partly=True)

    assert units(order) == (5, 0)


def test_an_order_of_which_nothing_is_there_is_not_confirmed() -> None:
    order = make_short_order(there=0)

    with pytest.raises(InsufficientStockError):
        confirm_order(order, partly=True)

    order.refresh_from_db()
    assert (order.status, units(order)) == ("pending", (0, 0))


def test_all_or_nothing_stays_the_rule() -> None:
    with pytest.raises(InsufficientStockError):
        confirm_order(make_short_order())


def test_what_comes_in_is_taken_up_bit_by_bit() -> None:
    order = confirm_order(make_short_order(), partly=True)
    stock(goods_of(order), 1)

    assert reserve_backordered(order, at=NOON) == 1
    assert units(order) == (4, 1)
    stock(goods_of(order), 7)
    assert reserve_backordered(order) == 1

    assert units(order) == (5, 0)
    assert StockLevel.objects.get().available == 6
    told = Event.objects.filter(event_type="order.backorder_reserved").order_by("id")
    sku = goods_of(order).sku
    assert told[0].payload == {
        "lines": [{"sku": sku, "quantity": 1}],
        "backordered": [{"sku": sku, "quantity": 1}],
    }
    assert list(violations(all_invariants())) == []


def test_nothing_is_taken_up_while_nothing_came_in() -> None:
    order = confirm_order(make_short_order(), partly=True)

    with pytest.raises(InsufficientStockError, match="not enough stock"):
        reserve_backordered(order)

    assert units(order) == (3, 2)


def test_only_orders_that_wait_take_something_up() -> None:
    whole = confirm_order(make_short_order(there=5))
    held = confirm_order(make_short_order(), partly=True)
    hold_order(held, reason="asks for another address")

    for order in (whole, held, make_short_order()):
        with pytest.raises(OrderStateError):
            reserve_backordered(order)


def test_what_is_there_leaves_first_and_the_rest_follows() -> None:
    order = confirm_order(make_short_order(), partly=True)
    make_shipped(pack_fulfillment(make_picking(order)))
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == (
        "processing",
        "partially_fulfilled",
    )
    assert units(order) == (0, 2)

    stock(goods_of(order), 2)
    reserve_backordered(order)
    make_shipped(pack_fulfillment(make_picking(order)))

    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == ("shipped", "fulfilled")
    assert list(violations(all_invariants())) == []


def test_what_never_comes_in_is_closed_short_or_cancelled() -> None:
    order = confirm_order(make_short_order(), partly=True)
    make_shipped(pack_fulfillment(make_picking(order)))
    order.refresh_from_db()
    close_short(order, reason="out of print")
    given_up = confirm_order(make_short_order(), partly=True)
    cancel_order(given_up, reason="no patience")

    line = order.items.order_by("line_number")[0]
    assert (line.quantity_fulfilled, line.quantity_cancelled) == (3, 2)
    assert units(given_up) == (0, 0)
    assert list(violations(all_invariants())) == []


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_the_same_units_gets_no_more_than_came_in() -> None:
    goods = make_variant()
    orders = [make_order(lines=[OrderLine(goods, 2)]) for _ in range(8)]
    for order in orders:
        stock(goods, 1)
        confirm_order(order, partly=True)
    stock(goods, 5)

    outcomes = at_once(*(partial(reserve_backordered, order) for order in orders))

    assert refusals(outcomes) == [InsufficientStockError] * 3
    assert [units(order) for order in orders].count((2, 0)) == 5
    level = StockLevel.objects.get()
    assert (level.on_hand, level.available) == (13, 0)
    assert list(violations(all_invariants())) == []


def test_an_order_is_offered_in_part_only_where_a_part_is_there() -> None:
    short = make_short_order()
    none_there = make_order(lines=[OrderLine(make_variant(), 1)])
    tea = make_stocked_variant(3)
    all_there = make_order(lines=[OrderLine(tea, 1), OrderLine(tea, 2)])
    shared = make_order(lines=[OrderLine(tea, 2), OrderLine(tea, 2)])

    assert [why_not_partly(each) for each in (short, shared)] == ["", ""]
    assert why_not_partly(none_there) == "none of it is there"
    assert why_not_partly(all_there) == "all of it is there: confirm it"
    assert why_not_partly(confirm_order(all_there)) == "it is confirmed"
