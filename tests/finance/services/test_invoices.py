"""Invoices: drafted from orders, issued without gaps, fixed from then on."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from finance.errors import InvoiceStateError, NothingToInvoiceError
from finance.models import Invoice, InvoiceLine
from finance.services import (
    credit_invoice,
    discard_draft,
    draft_invoice,
    draft_invoice_for_order,
    invoice_order,
    issue_invoice,
    recalculate_invoice,
    record_payment,
    void_invoice,
)
from orders.models import Order
from orders.services import OrderLine, cancel_order
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.finance.builders import make_debt, make_invoice, make_payment, money_of
from tests.orders.builders import (
    NOON,
    make_address,
    make_customer,
    make_order,
    make_stocked_variant,
)

pytestmark = pytest.mark.django_db


def test_a_draft_charges_what_the_order_asks_for() -> None:
    customer = make_customer(company="Alfreds Futterkiste")
    make_address(customer, is_default_billing=True)
    order = make_order(
        customer=customer,
        lines=[
            OrderLine(
                make_stocked_variant(tax_rate=Decimal("0.19")),
                3,
                unit_price=Decimal("9.99"),
                discount=Decimal("1.50"),
            ),
            OrderLine(make_stocked_variant(tax_rate=Decimal("0.07")), 1),
        ],
        shipping_total=Decimal("4.90"),
    )

    draft = draft_invoice_for_order(order, at=NOON)

    assert (draft.status, draft.invoice_number) == ("draft", None)
    assert draft.subtotal == Decimal("38.47")
    assert draft.tax_total == Decimal("6.11")
    assert draft.shipping_total == Decimal("4.90")
    assert draft.total == order.total_amount == Decimal("49.48")
    assert draft.bill_to == {
        "company": "Alfreds Futterkiste",
        "line1": "Obere Str. 57",
        "city": "Berlin",
        "postal_code": "12209",
        "country_code": "DE",
    }
    line = draft.lines.get(line_number=1)
    item = order.items.get(line_number=1)
    assert line.description == f"{item.sku} Chai"
    assert (line.quantity, line.discount) == (3, Decimal("1.50"))
    assert (line.line_total, line.tax_amount) == (item.total_price, item.tax_amount)


def test_an_order_is_invoiced_once() -> None:
    order = make_debt()
    draft_invoice_for_order(order)

    with pytest.raises(NothingToInvoiceError) as refusal:
        draft_invoice_for_order(order)

    assert str(refusal.value) == (
        f"Order {order} was not invoiced.\n"
        "  why: its lines are all on invoices already\n"
        "  fix: look at the order's invoices"
    )
    assert Invoice.objects.count() == 1


def test_a_void_invoice_leaves_its_order_to_be_invoiced_again() -> None:
    order = make_debt()
    void_invoice(make_invoice(order), reason="wrong address")

    again = invoice_order(order, at=NOON)

    assert (again.invoice_number, again.total) == ("INV-2026-000002", Decimal(100))


def test_issuing_gives_number_day_and_due_day() -> None:
    invoice = make_invoice()

    assert invoice.invoice_number == "INV-2026-000001"
    assert invoice.status == "open"
    assert invoice.issued_on == date(2026, 11, 20)
    assert invoice.due_on == date(2026, 12, 20)
    event = Event.objects.get(event_type="invoice.issued")
    assert event.payload == {"from": "draft", "to": "open", "total": "100.00 USD"}


def test_a_due_day_on_the_draft_stays() -> None:
    draft = draft_invoice_for_order(make_debt(), at=NOON)
    draft.due_on = date(2026, 11, 27)
    draft.save()

    issue_invoice(draft, at=NOON)

    assert draft.due_on == date(2026, 11, 27)


def test_numbers_have_no_gap_after_a_refused_issue() -> None:
    make_invoice()
    draft = draft_invoice_for_order(make_debt())
    InvoiceLine.objects.filter(invoice=draft).delete()

    with pytest.raises(NothingToInvoiceError) as refusal:
        issue_invoice(draft)

    assert str(refusal.value) == (
        "The invoice was not issued.\n  why: it has no lines\n  fix: add at least one"
    )
    assert make_invoice().invoice_number == "INV-2026-000002"


def test_an_invoice_is_issued_once() -> None:
    invoice = make_invoice()

    with pytest.raises(InvalidTransitionError):
        issue_invoice(invoice)

    invoice.refresh_from_db()
    assert invoice.invoice_number == "INV-2026-000001"


def test_issuing_uses_money_that_came_before() -> None:
    order = make_debt(100)
    payment = make_payment(order=order, amount=Decimal(60))

    invoice = make_invoice(order)

    assert money_of(invoice) == ("partially_paid", Decimal(60), Decimal(0))
    application = payment.applications.get()
    assert (application.invoice, application.amount) == (invoice, Decimal(60))


def test_an_invoice_over_nothing_is_paid_at_once() -> None:
    order = make_debt(
        lines=[OrderLine(make_stocked_variant(), 1, unit_price=Decimal(0))]
    )

    invoice = make_invoice(order)

    assert (invoice.status, invoice.paid_at) == ("paid", NOON)


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


def test_an_issued_invoice_is_not_edited() -> None:
    invoice = make_invoice()
    invoice.lines.update(quantity=5)

    with pytest.raises(InvoiceStateError) as refusal:
        recalculate_invoice(invoice)

    assert str(refusal.value) == (
        f"Invoice {invoice} was not changed.\n"
        "  why: it is issued, and issued invoices are never edited\n"
        "  fix: write a credit note and, where needed, a new invoice"
    )
    invoice.refresh_from_db()
    assert invoice.total == Decimal(100)


def test_voiding_keeps_the_number() -> None:
    invoice = make_invoice()

    void_invoice(invoice, reason="wrong address")

    assert (invoice.status, invoice.status_reason) == ("void", "wrong address")
    assert invoice.invoice_number == "INV-2026-000001"


def test_an_invoice_with_money_on_it_is_not_voided() -> None:
    invoice = make_invoice()
    make_payment(invoice=invoice, amount=Decimal(40))
    invoice.refresh_from_db()

    with pytest.raises(InvoiceStateError) as refusal:
        void_invoice(invoice, reason="wrong address")

    assert str(refusal.value) == (
        f"Invoice {invoice} was not voided.\n"
        "  why: 40.00 USD is paid and 0.00 USD credited\n"
        "  fix: write a credit note for the rest instead"
    )
    assert money_of(invoice) == ("partially_paid", Decimal(40), Decimal(0))


def test_only_drafts_are_deleted() -> None:
    draft = draft_invoice_for_order(make_debt())
    invoice = make_invoice()

    discard_draft(draft)
    with pytest.raises(InvoiceStateError) as refusal:
        discard_draft(invoice)

    assert refusal.value.what == f"Invoice {invoice} was not deleted."
    assert list(Invoice.objects.all()) == [invoice]


def test_overdue_is_a_matter_of_the_day() -> None:
    invoice = make_invoice()
    paid = make_invoice()
    make_payment(invoice=paid)
    due = invoice.due_on
    assert due is not None

    assert list(Invoice.objects.overdue(due)) == []
    assert list(Invoice.objects.overdue(due + timedelta(days=1))) == [invoice]
    assert invoice.is_overdue(due + timedelta(days=1))


def test_a_cancelled_order_leaves_no_open_debt() -> None:
    order = make_debt()
    unpaid = make_invoice(order)
    pending = make_payment(order=order, has_arrived=False)
    other = make_debt()
    draft_invoice_for_order(other)

    cancel_order(order, reason="customer asked", at=NOON)
    cancel_order(other, reason="customer asked", at=NOON)

    assert [unpaid] == list(Invoice.objects.all())
    assert money_of(unpaid) == ("void", Decimal(0), Decimal(0))
    assert unpaid.status_reason == "customer asked"
    pending.refresh_from_db()
    assert (pending.status, pending.reason) == ("cancelled", "customer asked")
    with pytest.raises(NothingToInvoiceError) as refusal:
        draft_invoice_for_order(order)
    assert refusal.value.why == "it is cancelled"


def test_money_on_a_cancelled_order_waits_for_a_persons_decision() -> None:
    order = make_debt()
    paid = make_payment(order=order)
    invoice = make_invoice(order)
    order.refresh_from_db()

    cancel_order(order, reason="customer asked")

    paid.refresh_from_db()
    assert paid.status == "succeeded"
    assert money_of(invoice) == ("paid", Decimal(100), Decimal(0))
