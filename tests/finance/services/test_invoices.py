"""Invoices: drafted from orders, issued without gaps, fixed from then on."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from finance.errors import InvoiceStateError, NothingToInvoiceError
from finance.models import Invoice, InvoiceLine
from finance.services import (
    discard_draft,
    draft_invoice_for_order,
    invoice_order,
    issue_invoice,
    recalculate_invoice,
    void_invoice,
)
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
