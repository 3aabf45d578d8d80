"""Orders closed short: what never leaves costs nothing and holds no stock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from finance.errors import InvoiceStateError
from finance.services import credit_invoice, invoice_order
from fulfillment.services import pack_fulfillment
from inventory.models import StockLevel
from orders.errors import NotClosableError, UnitsUnderWayError
from orders.invariants import invariants
from orders.models import Order
from orders.services import OrderLine, close_order_short
from orders.signals import order_closing_short
from returns.services.amounts import estimated_refund
from stateset.lib.errors import StatesetError
from stateset.system.models import Event
from tests.fulfillment.builders import (
    lines_of,
    make_packed,
    make_picking,
    make_shipped,
)
from tests.orders.builders import (
    make_confirmed_order,
    make_order_in_work,
    make_stocked_variant,
    make_variant,
)

pytestmark = pytest.mark.django_db


def make_partly_shipped(**line: Any) -> Order:
    """Return an order of five units at 9.99 with 7 % tax, of which two have left."""
    variant = make_stocked_variant(5, price=Decimal("9.99"), tax_rate=Decimal("0.07"))
    service = make_variant(is_stocked=False)
    order = make_confirmed_order(
        lines=[OrderLine(variant, 5, **line), OrderLine(service, 1)],
        shipping_total=Decimal("4.90"),
    )
    first = lines_of(order)[0]
    make_shipped(pack_fulfillment(make_picking(order), quantities={first: 2}))
    order.refresh_from_db()
    return order


def test_what_never_leaves_costs_nothing_and_holds_no_stock() -> None:
    order = make_partly_shipped(discount=Decimal("2.50"))

    close_order_short(order, reason="out of print")

    line, service = order.items.order_by("line_number")
    assert (line.quantity, line.quantity_fulfilled, line.quantity_cancelled) == (
        5,
        2,
        3,
    )
    assert (line.quantity_reserved, line.open_quantity) == (0, 0)
    assert (line.discount, line.total_price) == (Decimal("1.00"), Decimal("18.98"))
    assert line.tax_amount == Decimal("1.33")
    assert service.quantity_fulfilled == 1
    assert order.total_amount == Decimal("18.98") + Decimal("1.33") + Decimal("14.90")
    assert (order.status, order.fulfillment_status) == ("shipped", "fulfilled")
    level = StockLevel.objects.get()
    assert (level.on_hand, level.available) == (3, 3)
    assert [str(each) for rule in invariants() for each in rule.find()] == []
    closed = Event.objects.get(event_type="order.closed_short")
    assert closed.payload["lines"] == [{"sku": line.sku, "quantity": 3}]


def test_a_line_of_which_nothing_left_costs_nothing() -> None:
    order = make_order_in_work(
        lines=[OrderLine(make_stocked_variant(), 2) for _ in range(2)]
    )
    first, second = order.items.order_by("line_number")
    pick = make_picking(order)
    make_shipped(pack_fulfillment(pick, quantities={first.pk: 2}))
    order.refresh_from_db()

    close_order_short(order, reason="out of print")

    second.refresh_from_db()
    assert (second.total_price, second.quantity_cancelled) == (Decimal(0), 2)
    assert (order.total_amount, order.status) == (Decimal(20), "shipped")
    assert [str(each) for rule in invariants() for each in rule.find()] == []


def test_an_order_of_which_nothing_left_is_cancelled_instead() -> None:
    with pytest.raises(NotClosableError) as caught:
        close_order_short(make_order_in_work(), reason="out of print")

    assert caught.value.why == "nothing of it has left"
    assert caught.value.fix == "cancel the whole order instead"


def test_an_order_of_which_all_left_is_not_closed_short() -> None:
    order = make_shipped().order
    order.refresh_from_db()

    with pytest.raises(NotClosableError, match="nothing of it is open"):
        close_order_short(order, reason="out of print")


def test_units_in_a_box_are_not_given_up() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(sku="TEA"), 3)])
    (line,) = lines_of(order)
    make_shipped(make_packed(order), quantities={line: 1})
    order.refresh_from_db()

    with pytest.raises(UnitsUnderWayError) as caught:
        close_order_short(order, reason="out of print")

    assert caught.value.why == "2 × TEA are picked or packed"
    order.refresh_from_db()
    assert order.status == "processing"


def test_closing_short_wants_a_reason() -> None:
    with pytest.raises(StatesetError, match="was not closed short"):
        close_order_short(make_partly_shipped(), reason=" ")


def test_an_app_above_may_veto() -> None:
    order = make_partly_shipped()

    def veto(order: Order, **_: Any) -> None:
        raise StatesetError("no", why="no", fix="no")

    order_closing_short.connect(veto)
    try:
        with pytest.raises(StatesetError):
            close_order_short(order, reason="out of print")
    finally:
        order_closing_short.disconnect(veto)

    order.refresh_from_db()
    assert (order.status, order.items.filter(quantity_cancelled__gt=0).count()) == (
        "processing",
        0,
    )


def test_what_an_invoice_charges_is_credited_before_it_is_given_up() -> None:
    order = make_partly_shipped()
    invoice = invoice_order(order)
    goods = invoice.lines.order_by("line_number")[0]

    with pytest.raises(InvoiceStateError, match="are on invoices"):
        close_order_short(order, reason="out of print")
    credit_invoice(invoice, lines={goods.pk: 3}, reason="never left")
    order.refresh_from_db()
    close_order_short(order, reason="out of print")

    invoice.refresh_from_db()
    assert order.total_amount == invoice.total - invoice.amount_credited


def test_what_is_invoiced_and_given_back_later_is_what_the_units_cost() -> None:
    order = make_partly_shipped(discount=Decimal("2.50"))
    close_order_short(order, reason="out of print")

    assert invoice_order(order).total == order.total_amount
    line = order.items.order_by("line_number")[0]
    assert estimated_refund(line, quantity=2) == Decimal("20.31")
    assert estimated_refund(line, quantity=1) == Decimal("10.16")
