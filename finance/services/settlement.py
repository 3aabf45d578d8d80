"""Settle invoices: apply money to them and take it off again.

Each change of an invoice's counters is one conditional UPDATE, so however many
payments arrive at once, no more than the total is ever applied.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db.models import F
from django.utils import timezone

from finance.errors import InvoiceStateError, OverpaymentError
from finance.models import Invoice, Payment, PaymentApplication
from finance.services.amounts import exact, money_text, raised, sum_of
from finance.services.totals import owed_on_invoice
from stateset.system.services import change_status, record_event


def apply_payment(
    payment: Payment, invoice: Invoice, *, amount: Decimal, at: datetime | None = None
) -> PaymentApplication:
    """Let ``amount`` of a payment settle an invoice; raise OverpaymentError.

    The caller has the payment locked, or has just made it.
    """
    changed = (
        Invoice.objects.unpaid()
        .alias(owed=exact(F("total") - F("amount_credited") - F("amount_paid")))
        .filter(pk=invoice.pk, owed__gte=amount)
        .update(
            amount_paid=raised("amount_paid", amount),
            version=F("version") + 1,
            updated_at=timezone.now(),
        )
    )
    invoice.refresh_from_db()
    if not changed:
        raise overpayment(
            invoice,
            owed=owed_on_invoice(invoice),
            amount=amount,
            currency=invoice.currency,
        )
    application, is_new = PaymentApplication.objects.get_or_create(
        payment=payment, invoice=invoice, defaults={"amount": amount}
    )
    if not is_new:
        application.amount += amount
        application.save(update_fields=["amount", "updated_at"])
    record_event(
        invoice,
        "invoice.payment_applied",
        {"payment": payment.payment_number, "amount": amount},
        at=at,
    )
    follow_settlement(invoice, at=at)
    return application


def take_back(
    application: PaymentApplication, *, amount: Decimal, at: datetime | None = None
) -> Invoice:
    """Take ``amount`` off an invoice that a payment had settled."""
    invoice = application.invoice
    if amount < application.amount:
        application.amount -= amount
        application.save(update_fields=["amount", "updated_at"])
    else:
        application.delete()
    Invoice.objects.filter(pk=invoice.pk).update(
        amount_paid=raised("amount_paid", -amount),
        version=F("version") + 1,
        updated_at=timezone.now(),
    )
    invoice.refresh_from_db()
    record_event(
        invoice,
        "invoice.payment_taken_back",
        {"payment": application.payment.payment_number, "amount": amount},
        at=at,
    )
    return follow_settlement(invoice, at=at)


def follow_settlement(invoice: Invoice, *, at: datetime | None = None) -> Invoice:
    """Set the status that paid and credited amounts give; the row is as it is now."""
    status = settled_status(invoice)
    if status == invoice.status:
        return invoice
    paid_at = (at or timezone.now()) if status == Invoice.Status.PAID else None
    return change_status(
        invoice, status, event_type=f"invoice.{status}", at=at, paid_at=paid_at
    )


def settled_status(invoice: Invoice) -> str:
    """Return the status of an issued invoice with what is open on it."""
    if invoice.amount_due <= 0:
        return Invoice.Status.PAID
    if invoice.amount_paid > 0:
        return Invoice.Status.PARTIALLY_PAID
    return Invoice.Status.OPEN


def unapplied_amount(payment: Payment) -> Decimal:
    """Return what of a payment was neither applied nor refunded."""
    applied = sum_of(payment.applications.all(), "amount")
    return payment.captured_amount - payment.refunded_amount - applied


def require_receivable(invoice: Invoice, *, refused: str) -> None:
    """Raise InvoiceStateError unless the invoice is one to a customer."""
    if invoice.kind != Invoice.Kind.RECEIVABLE:
        raise InvoiceStateError(
            refused,
            why=f"{invoice} is no invoice to a customer"
            f" ({invoice.get_kind_display().lower()})",
            fix="name an invoice to a customer",
        )


def overpayment(
    subject: object, *, owed: Decimal, amount: Decimal, currency: str
) -> OverpaymentError:
    """Return the refusal of more than is owed, with the numbers."""
    left = money_text(owed, currency)
    return OverpaymentError(
        f"{money_text(amount, currency)} was not taken for {subject}.",
        why=f"{left} is owed",
        fix=f"take at most {left}" if owed else "check the number; nothing is owed",
        owed=owed,
    )
