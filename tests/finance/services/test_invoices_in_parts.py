"""What lines an invoice may charge: a part, the rest, and none that is not owed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db.models import Sum

from finance.errors import InvoiceStateError
from finance.models import Invoice, InvoiceLine
from finance.services import (
    credit_invoice,
    draft_invoice,
    draft_invoice_for_order,
    issue_invoice,
    recalculate_invoice,
    record_payment,
    void_invoice,
)
from orders.models import Order
from orders.services import OrderLine
from tests.finance.builders import make_debt
from tests.orders.builders import (
    NOON,
    make_address,
    make_customer,
    make_stocked_variant,
)

pytestmark = pytest.mark.django_db


def test_a_draft_can_charge_a_part_and_the_rest_follows() -> None:
    order = make_debt(
        lines=[
            OrderLine(make_stocked_variant(), 3, Decimal(10), discount=Decimal("1.00"))
        ]
    )
    first = draft_invoice_for_order(order)
    first.lines.update(quantity=1)

    recalculate_invoice(first)
    second = draft_invoice_for_order(order)

    assert first.total == Decimal("9.67")
    assert second.total == Decimal("19.33")
    assert first.total + second.total == order.total_amount


def charge(order: Order, *quantities: int) -> list[Invoice]:
    """Issue an invoice over each number of units of an order of one line."""
    issued = []
    for quantity in quantities:
        draft = draft_invoice_for_order(order, at=NOON)
        draft.lines.update(quantity=quantity)
        issued.append(issue_invoice(draft, at=NOON))
    return issued


@pytest.mark.parametrize(
    ("line", "quantities"),
    [
        ({"unit_price": "0.33", "tax_rate": "0.08"}, (1, 1, 1)),
        ({"unit_price": "0.33", "tax_rate": "0.08"}, (2, 1)),
        ({"unit_price": "0.07", "tax_rate": "0.08"}, (1,) * 10),
        ({"unit_price": "9.99", "tax_rate": "0.19", "discount": "1.50"}, (3, 1, 3)),
        ({"unit_price": "0.333", "tax_rate": "0.19"}, (1, 1, 1)),
        ({"unit_price": "0.01", "tax_rate": "0.6", "discount": "0.02"}, (1,) * 7),
    ],
)
def test_however_a_line_is_split_its_invoices_come_to_the_order(
    line: dict[str, str], quantities: tuple[int, ...]
) -> None:
    values = {name: Decimal(value) for name, value in line.items()}
    ordered = OrderLine(
        make_stocked_variant(tax_rate=values["tax_rate"]),
        sum(quantities),
        unit_price=values["unit_price"],
        discount=values.get("discount", Decimal(0)),
    )
    order = make_debt(lines=[ordered])

    issued = charge(order, *quantities)
    for invoice in issued:
        if invoice.amount_due:
            record_payment(invoice=invoice, amount=invoice.amount_due, method="card")

    item = order.items.get()
    sums = InvoiceLine.objects.aggregate(net=Sum("line_total"), tax=Sum("tax_amount"))
    assert (sums["net"], sums["tax"]) == (item.total_price, item.tax_amount)
    order.refresh_from_db()
    assert order.amount_paid == order.total_amount


def test_units_that_were_void_or_credited_are_charged_again_to_the_cent() -> None:
    variant = make_stocked_variant(tax_rate=Decimal("0.08"))
    order = make_debt(lines=[OrderLine(variant, 3, unit_price=Decimal("0.33"))])
    first, second, _ = charge(order, 1, 1, 1)

    void_invoice(first, reason="wrong address")
    credit_invoice(second, lines={second.lines.get().pk: 1}, reason="wrong address")
    charge(order, 1, 1)

    live = Invoice.objects.exclude(status="void")
    charged = live.filter(kind="receivable").aggregate(sum=Sum("total"))["sum"]
    credited = live.filter(kind="credit_note").aggregate(sum=Sum("total"))["sum"]
    assert charged - credited == order.total_amount == Decimal("1.07")


def test_a_draft_does_not_charge_more_than_is_left() -> None:
    order = make_debt()
    draft = draft_invoice_for_order(order)
    draft.lines.update(quantity=2)
    sku = order.items.get().sku

    with pytest.raises(InvoiceStateError) as refusal:
        recalculate_invoice(draft)

    assert str(refusal.value) == (
        f"Line 1 of invoice {draft} was not taken.\n"
        f"  why: 2 × {sku} is charged, 1 of order {order} is left to invoice\n"
        "  fix: lower the quantity"
    )


def test_an_order_is_not_charged_for_what_is_not_on_it() -> None:
    order = make_debt()
    draft = draft_invoice_for_order(order)
    InvoiceLine.objects.create(
        invoice=draft, line_number=2, description="Gift wrap", quantity=1, unit_price=5
    )

    with pytest.raises(InvoiceStateError) as refusal:
        recalculate_invoice(draft)

    assert str(refusal.value) == (
        f"Line 2 of invoice {draft} was not taken.\n"
        f"  why: it is not a line of order {order}\n"
        "  fix: charge it on an invoice of its own, without an order"
    )


def test_an_invoice_without_an_order_has_lines_of_its_own() -> None:
    customer = make_customer(company="Alfreds Futterkiste")
    make_address(customer, is_default_shipping=True)
    invoice = draft_invoice(customer, currency="EUR", at=NOON)
    InvoiceLine.objects.create(
        invoice=invoice,
        line_number=1,
        description="Workshop",
        quantity=2,
        unit_price=Decimal("80.00"),
        discount=Decimal("10.00"),
        tax_rate=Decimal("0.2"),
    )

    issue_invoice(recalculate_invoice(invoice), at=NOON)

    assert (invoice.subtotal, invoice.tax_total) == (Decimal(150), Decimal(30))
    assert (invoice.status, invoice.total, invoice.currency) == (
        "open",
        Decimal(180),
        "EUR",
    )
    assert invoice.bill_to["company"] == "Alfreds Futterkiste"
    assert invoice.bill_to["city"] == "Berlin"


def test_a_discount_above_the_line_is_not_taken() -> None:
    invoice = draft_invoice(make_customer())
    InvoiceLine.objects.create(
        invoice=invoice,
        line_number=1,
        description="Workshop",
        quantity=1,
        unit_price=Decimal(80),
        discount=Decimal(90),
    )

    with pytest.raises(InvoiceStateError) as refusal:
        recalculate_invoice(invoice)

    assert str(refusal.value) == (
        "Line 1 was not taken.\n"
        "  why: its discount 90.00 is more than the 80.00 it costs\n"
        "  fix: give a discount of at most 80.00"
    )
