from __future__ import annotations

from decimal import Decimal

import pytest

from orders.errors import LineRefusedError, OrderNotEditableError
from orders.services import (
    OrderLine,
    hold_order,
    recalculate_order,
    update_order_lines,
)
from stateset.system.models import Event
from stateset.system.services.transitions import ChangedMeanwhileError
from tests.orders.builders import make_confirmed_order, make_order, make_variant

pytestmark = pytest.mark.django_db


def test_lines_are_changed_added_and_taken_off_in_one_go() -> None:
    tea, tofu, wine = (make_variant(sku=sku) for sku in ("TEA", "TOFU", "WINE"))
    order = make_order(lines=[OrderLine(tea, 1), OrderLine(tofu, 1)])
    kept = order.items.get(line_number=2).pk

    update_order_lines(
        order, lines=[OrderLine(tofu, 5, line_number=2), OrderLine(wine, 1)]
    )

    lines = order.items.order_by("line_number").values_list(
        "line_number", "sku", "quantity"
    )
    assert list(lines) == [(2, "TOFU", 5), (3, "WINE", 1)]
    assert order.items.get(line_number=2).pk == kept
    order.refresh_from_db()
    assert order.total_amount == Decimal(60)
    assert Event.objects.filter(event_type="order.changed").count() == 1


def test_other_freight_changes_the_total() -> None:
    order = make_order()

    recalculate_order(order, shipping_total=Decimal("4.90"))

    order.refresh_from_db()
    assert order.total_amount == Decimal("24.90")


def test_an_order_held_while_pending_may_still_change() -> None:
    order = hold_order(make_order(), reason="asks for a quote")

    update_order_lines(order, lines=[OrderLine(make_variant(), 1, line_number=1)])

    order.refresh_from_db()
    assert order.total_amount == Decimal(10)


def test_a_line_stays_though_its_variant_went_off_sale() -> None:
    variant = make_variant()
    order = make_order(lines=[OrderLine(variant, 1)])
    variant.is_active = False
    variant.save()

    update_order_lines(order, lines=[OrderLine(variant, 2, line_number=1)])

    assert order.items.get().quantity == 2


def test_a_confirmed_order_keeps_its_lines() -> None:
    order = make_confirmed_order(order_number="A-1")

    with pytest.raises(OrderNotEditableError) as caught:
        update_order_lines(order, lines=[OrderLine(make_variant(), 1)])

    assert str(caught.value) == (
        "Order A-1 was not changed.\n"
        "  why: it is confirmed\n"
        "  fix: lines change only before an order is confirmed; "
        "cancel it and order anew"
    )
    assert order.items.get().quantity == 2


def test_the_last_line_can_not_be_taken_off() -> None:
    order = make_order(order_number="A-1")

    with pytest.raises(LineRefusedError) as caught:
        update_order_lines(order, lines=[])

    assert str(caught.value) == (
        "The lines of order A-1 were not changed.\n"
        "  why: an order needs at least one line\n"
        "  fix: keep a line, or cancel the order"
    )
    assert order.items.count() == 1


def test_the_second_of_two_editors_is_told() -> None:
    order = make_order(order_number="A-1")
    as_read_by_another = type(order).objects.get(pk=order.pk)
    recalculate_order(order, shipping_total=Decimal(5))

    with pytest.raises(ChangedMeanwhileError) as caught:
        recalculate_order(as_read_by_another, shipping_total=Decimal(7))

    assert str(caught.value) == (
        "Order A-1 was not changed.\n"
        "  why: somebody else changed it a moment ago\n"
        "  fix: reload it and try again"
    )
    order.refresh_from_db()
    assert order.shipping_total == Decimal(5)
