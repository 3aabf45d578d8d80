"""Invoices to customers: drafted, issued with a number, void; never edited after."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from finance.errors import InvoiceStateError, NothingToInvoiceError
from finance.models import Invoice, InvoiceLine
from finance.services.amounts import ZERO, money_text, sum_of
from finance.services.credits import credit_invoice
from finance.services.invoice_lines import (
    order_lines_left,
    recalculate_invoice,
    sum_lines,
)
from finance.services.posting import post_invoice
from finance.services.settlement import (
    apply_payment,
    follow_settlement,
    unapplied_amount,
)
from finance.services.totals import charges_with_money, live_receivables, use_forgiven
from orders.models import Customer, Order
from orders.services.addressing import envelope
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status, record_event
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import claim_row, keep_row, lock_row


def draft_invoice_for_order(
    order: Order,
    *,
    due_on: date | None = None,
    notes: str = "",
    at: datetime | None = None,
) -> Invoice:
    """Draft an invoice for all of an order that no other invoice charges."""
    with business_transaction():
        lock_row(order)
        lines = order_lines_left(order)
        if order.status == Order.Status.CANCELLED or not lines:
            raise NothingToInvoiceError(
                f"Order {order} was not invoiced.",
                why="it is cancelled"
                if order.status == Order.Status.CANCELLED
                else "its lines are all on invoices already",
                fix="look at the order's invoices",
            )
        invoice = Invoice.objects.create(
            order=order,
            customer_id=order.customer_id,
            currency=order.currency,
            bill_to=envelope(order.customer, order.billing_address),
            due_on=due_on,
            notes=notes,
            created_at=at or timezone.now(),
            created_by_id=acting_user_id(),
            **sum_lines(lines, _shipping_left(order)),
        )
        for line in lines:
            line.invoice = invoice
        InvoiceLine.objects.bulk_create(lines)
        record_event(
            invoice,
            "invoice.drafted",
            {"order": order.order_number, "total": invoice.total},
            at=at,
        )
    return invoice


def draft_invoice(
    customer: Customer,
    *,
    currency: str = "",
    due_on: date | None = None,
    notes: str = "",
    at: datetime | None = None,
) -> Invoice:
    """Draft an invoice without an order: its lines are typed."""
    with business_transaction():
        # Who is erased meanwhile must not come back with the copy.
        keep_row(customer, "pk")
        customer.refresh_from_db()
        invoice = Invoice(
            customer=customer,
            due_on=due_on,
            notes=notes,
            bill_to=envelope(customer, _billing_address(customer)),
            created_at=at or timezone.now(),
            created_by_id=acting_user_id(),
        )
        invoice.currency = currency or invoice.currency
        invoice.save(force_insert=True)
        record_event(invoice, "invoice.drafted", {"customer": str(customer)}, at=at)
    return invoice


def issue_invoice(invoice: Invoice, *, at: datetime | None = None) -> Invoice:
    """Give a draft its number and day, fix it, and settle it with money held already.

    Numbers are taken in this transaction, so the series has no gaps.
    """
    with business_transaction():
        if invoice.order is not None:
            lock_row(invoice.order)
        claim_row(invoice)
        require_transition(invoice, Invoice.Status.OPEN)
        recalculate_invoice(invoice)
        _require_lines(invoice)
        post_invoice(invoice, prefix="INV", at=at)
        if invoice.order is not None:
            _settle_with_money_held(invoice, invoice.order, at=at)
            _credit_what_was_forgiven(invoice, invoice.order, at=at)
        return follow_settlement(invoice, at=at)


def invoice_order(order: Order, *, at: datetime | None = None) -> Invoice:
    """Draft and issue an invoice for all of an order that none charges."""
    with business_transaction():
        return issue_invoice(draft_invoice_for_order(order, at=at), at=at)


def void_invoice(
    invoice: Invoice, *, reason: str, at: datetime | None = None
) -> Invoice:
    """Void an issued invoice that no money touched; its number stays used."""
    with business_transaction(reason=reason):
        claim_row(invoice)
        if invoice.amount_paid or invoice.amount_credited:
            raise InvoiceStateError(
                f"Invoice {invoice} was not voided.",
                why=f"{money_text(invoice.amount_paid, invoice.currency)} is paid and"
                f" {money_text(invoice.amount_credited, invoice.currency)} credited",
                fix="write a credit note for the rest instead",
            )
        return change_status(
            invoice,
            Invoice.Status.VOID,
            event_type="invoice.voided",
            at=at,
            payload={"reason": reason},
            status_reason=reason[:255],
        )


def discard_draft(invoice: Invoice, *, reason: str = "") -> None:
    """Delete a draft; raise InvoiceStateError for anything issued."""
    with business_transaction(reason=reason):
        claim_row(invoice)
        if invoice.status != Invoice.Status.DRAFT:
            raise InvoiceStateError(
                f"Invoice {invoice} was not deleted.",
                why="it is issued, and issued invoices stay",
                fix="void it, or write a credit note",
            )
        record_event(invoice, "invoice.discarded", {"total": invoice.total})
        invoice.delete()


def _require_lines(invoice: Invoice) -> None:
    if invoice.lines.exists():
        return
    raise NothingToInvoiceError(
        "The invoice was not issued.", why="it has no lines", fix="add at least one"
    )


def _settle_with_money_held(
    invoice: Invoice, order: Order, *, at: datetime | None
) -> None:
    for payment in charges_with_money(order).order_by("created_at"):
        lock_row(payment)
        part = min(unapplied_amount(payment), invoice.amount_due)
        if part > 0:
            apply_payment(payment, invoice, amount=part, at=at)


def _credit_what_was_forgiven(
    invoice: Invoice, order: Order, *, at: datetime | None
) -> None:
    """Credit what refunds took off the order's debt before there was an invoice."""
    for refund, part in use_forgiven(order, most=invoice.amount_due):
        credit_invoice(invoice, amount=part, reason=refund.reason, at=at)


def _shipping_left(order: Order) -> Decimal:
    charged = sum_of(live_receivables(order), "shipping_total")
    return max(ZERO, order.shipping_total - charged)


def _billing_address(customer: Customer) -> dict[str, str]:
    current = customer.addresses.current()
    address = (
        current.filter(is_default_billing=True).first()
        or current.filter(is_default_shipping=True).first()
    )
    return address.snapshot() if address else {}
