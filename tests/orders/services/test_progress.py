from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from orders.errors import OrderStateError, UnitsRefusedError
from orders.models import Order
from orders.services import (
    OrderLine,
    apply_payment_totals,
    begin_processing,
    hold_order,
    record_packed,
    record_returned,
    record_shipped,
    record_unpacked,
)
from stateset.system.models import Event
from tests.orders.builders import (
    NOON,
    default_location,
    make_confirmed_order,
    make_order,
    make_order_in_work,
    make_stocked_variant,
    make_variant,
    stock,
)

pytestmark = pytest.mark.django_db


def make_tofu_order(quantity: int = 3) -> tuple[Order, UUID]:
    variant = make_stocked_variant(sku="TOFU")
    order = make_order_in_work(order_number="A-1", lines=[OrderLine(variant, quantity)])
    return order, order.items.get().pk


def counters(order: Order) -> tuple[int, int, int, int]:
    """Return reserved, packed, shipped and returned of the first line."""
    item = order.items.order_by("line_number").first()
    assert item is not None
    return (
        item.quantity_reserved,
        item.quantity_packed,
        item.quantity_fulfilled,
        item.quantity_returned,
    )


def test_units_move_from_reserved_to_packed_to_shipped_to_returned() -> None:
    order, line = make_tofu_order()
    assert counters(order) == (3, 0, 0, 0)
    record_packed(order, quantities={line: 3})
    assert counters(order) == (0, 3, 0, 0)
    record_unpacked(order, quantities={line: 1})
    assert counters(order) == (1, 2, 0, 0)

    record_shipped(order, quantities={line: 2}, tracking_number="1Z9", at=NOON)
    order.refresh_from_db()
    assert counters(order) == (1, 0, 2, 0)
    assert (order.status, order.fulfillment_status) == (
        "processing",
        "partially_fulfilled",
    )
    assert order.tracking_number == "1Z9"

    record_packed(order, quantities={line: 1})
    record_shipped(order, quantities={line: 1}, at=NOON)
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == ("shipped", "fulfilled")
    assert (order.shipped_at, order.tracking_number) == (NOON, "1Z9")

    record_returned(order, quantities={line: 1})
    order.refresh_from_db()
    assert order.fulfillment_status == "partially_returned"
    record_returned(order, quantities={line: 2})
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == ("shipped", "returned")


def test_a_stale_order_in_the_hands_of_the_warehouse_is_no_conflict() -> None:
    order, line = make_tofu_order()
    stale = Order.objects.get(pk=order.pk)
    apply_payment_totals(order, paid=Decimal(30), refunded=Decimal(0))

    record_packed(stale, quantities={line: 3})
    record_shipped(stale, quantities={line: 3})

    assert (stale.status, stale.payment_status) == ("shipped", "paid")


def test_shipping_keeps_what_the_units_cost() -> None:
    order, line = make_tofu_order()
    record_packed(order, quantities={line: 3})
    record_shipped(order, quantities={line: 1})
    assert order.items.get().unit_cost == Decimal(4)
    stock(order.items.get().variant, 10, unit_cost=Decimal(10))

    record_shipped(order, quantities={line: 2})

    # One unit at 4, two at the new average of (10 × 4 + 10 × 10) / 20 = 7.
    assert order.items.get().unit_cost == Decimal(6)


def test_services_are_done_with_the_last_goods() -> None:
    goods, engraving = make_stocked_variant(), make_variant(is_stocked=False)
    order = make_order_in_work(
        lines=[OrderLine(goods, 2), OrderLine(engraving, 2)],
        location=default_location(),
    )
    line, service = order.items.order_by("line_number").values_list("pk", flat=True)
    record_packed(order, quantities={line: 2, service: 2})
    record_shipped(order, quantities={line: 1})
    assert order.items.get(pk=service).quantity_fulfilled == 0

    record_shipped(order, quantities={line: 1})

    assert order.items.get(pk=service).quantity_fulfilled == 2
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == ("shipped", "fulfilled")


def test_an_order_of_services_alone_ships_without_quantities() -> None:
    order = make_order_in_work(lines=[OrderLine(make_variant(is_stocked=False), 1)])

    record_shipped(order, quantities={})

    assert (order.status, order.fulfillment_status) == ("shipped", "fulfilled")


def test_more_units_than_are_there_are_not_packed() -> None:
    order, line = make_tofu_order()

    with pytest.raises(UnitsRefusedError) as caught:
        record_packed(order, quantities={line: 4})

    assert str(caught.value) == (
        "4 × TOFU of order A-1 were not recorded as packed.\n"
        "  why: of 3 ordered, 3 are reserved, 0 packed, 0 shipped, 0 returned\n"
        "  fix: give a quantity that is there"
    )
    assert counters(order) == (3, 0, 0, 0)


def test_one_refused_line_leaves_the_others_where_they_were() -> None:
    order = make_order_in_work(
        lines=[OrderLine(make_stocked_variant(), 2) for _ in range(2)]
    )
    first, second = order.items.order_by("pk").values_list("pk", flat=True)

    with pytest.raises(UnitsRefusedError):
        record_packed(order, quantities={first: 2, second: 3})

    assert counters(order) == (2, 0, 0, 0)


def test_no_more_comes_back_than_was_shipped() -> None:
    order, line = make_tofu_order()
    record_packed(order, quantities={line: 3})
    record_shipped(order, quantities={line: 3})
    record_returned(order, quantities={line: 2})

    with pytest.raises(UnitsRefusedError) as caught:
        record_returned(order, quantities={line: 2})

    assert str(caught.value) == (
        "2 × TOFU of order A-1 were not recorded as returned.\n"
        "  why: of 3 ordered, 0 are reserved, 0 packed, 3 shipped, 2 returned\n"
        "  fix: give a quantity that is there"
    )


def test_a_line_of_another_order_is_not_moved() -> None:
    order, _ = make_tofu_order()
    foreign = make_confirmed_order().items.get()

    with pytest.raises(UnitsRefusedError) as caught:
        record_packed(order, quantities={foreign.pk: 1})

    assert str(caught.value) == (
        "1 units were not recorded as packed.\n"
        f"  why: order A-1 has no line {foreign.pk}\n"
        "  fix: name a line of this order"
    )


def test_a_negative_quantity_does_not_move_units_backwards() -> None:
    order, line = make_tofu_order()

    with pytest.raises(UnitsRefusedError) as caught:
        record_packed(order, quantities={line: -1})

    assert str(caught.value) == (
        "The units were not recorded.\n"
        "  why: a quantity is -1\n"
        "  fix: give at least 1 unit, or leave the line out"
    )


def test_nothing_is_packed_before_the_order_is_in_work() -> None:
    order = make_confirmed_order(order_number="A-1")

    with pytest.raises(OrderStateError) as caught:
        record_packed(order, quantities={order.items.get().pk: 1})

    assert str(caught.value) == (
        "Nothing of order A-1 was packed.\n"
        "  why: it is confirmed, not in work\n"
        "  fix: release the order to the warehouse first"
    )


def test_nothing_ships_while_the_order_is_on_hold() -> None:
    order, line = make_tofu_order()
    record_packed(order, quantities={line: 3})
    hold_order(order, reason="address looks wrong")

    with pytest.raises(OrderStateError) as caught:
        record_shipped(order, quantities={line: 3})

    assert str(caught.value) == (
        "Nothing of order A-1 was shipped.\n"
        "  why: it is on hold, not in work\n"
        "  fix: resume the order first"
    )
    record_unpacked(order, quantities={line: 3})
    assert counters(order) == (3, 0, 0, 0)


def test_payments_change_the_payment_status_only() -> None:
    order = make_order()

    apply_payment_totals(order, paid=Decimal(5), refunded=Decimal(0), at=NOON)

    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("pending", "partially_paid")
    event = Event.objects.get(event_type="order.payment_changed")
    assert event.payload == {
        "from": "pending",
        "to": "partially_paid",
        "paid": "5",
        "refunded": "0",
        "authorized": "0",
    }


def test_totals_that_are_so_already_are_not_written_again() -> None:
    order = make_order()
    apply_payment_totals(order, paid=Decimal(5), refunded=Decimal(0))
    version = order.version

    apply_payment_totals(order, paid=Decimal("5.00"), refunded=Decimal(0))

    order.refresh_from_db()
    assert order.version == version
    assert Event.objects.filter(event_type="order.payment_changed").count() == 1


def test_an_order_taken_into_work_twice_stays_in_work() -> None:
    order, _ = make_tofu_order()

    begin_processing(order)

    assert order.status == "processing"
