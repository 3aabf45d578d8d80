"""Give money back: never more than came, however many refunds run at once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils import timezone

from finance.errors import PaymentStateError, RefundTooLargeError
from finance.models import Payment
from finance.services.amounts import money_text, raised, require_amount
from finance.services.charges import payment_with_key, require_new_reference
from finance.services.credits import credit_invoice
from finance.services.settlement import take_back, unapplied_amount
from finance.services.totals import owed_on_order, refresh_order_totals
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, next_number
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import lock_row
from stateset.system.services.transitions import save_columns


def refund_payment(
    payment: Payment,
    *,
    amount: Decimal,
    reason: str,
    reopens_invoice: bool = False,
    provider_reference: str = "",
    idempotency_key: str | None = None,
    at: datetime | None = None,
) -> Payment:
    """Give ``amount`` of a charge back and return the refund, a payment of its own.

    It is not owed again, as when goods come back: credit notes take what its invoices
    lose off the debt, and what no invoice charges yet is forgiven. With
    ``reopens_invoice`` it is owed again, as when a cheque bounces. With the
    ``idempotency_key`` of an earlier refund that one is returned and nothing is
    written. Raises RefundTooLargeError with what is left.
    """
    refused = f"Payment {payment} was not refunded."
    with business_transaction(reason=reason):
        order = payment.order
        if order is not None:
            lock_row(order)
        lock_row(payment)
        earlier = payment_with_key(
            idempotency_key, refused=refused, parent=payment, amount=amount
        )
        if earlier is not None:
            return earlier
        require_amount(amount, payment.currency, refused=refused)
        _require_refundable(payment, refused)
        require_new_reference(payment.provider, provider_reference)
        applied = max(Decimal(0), amount - unapplied_amount(payment))
        owed = None if order is None or reopens_invoice else owed_on_order(order)
        _count(payment, amount)
        refund = _write(
            payment,
            at=at,
            amount=amount,
            reason=reason[:255],
            provider_reference=provider_reference,
            idempotency_key=idempotency_key,
        )
        _unsettle(
            payment, applied, reason=reason, reopens_invoice=reopens_invoice, at=at
        )
        _follow(payment, refund, at=at)
        refresh_order_totals(order, at=at)
        if order is not None and owed is not None:
            _forgive(refund, owed_on_order(order) - owed)
    return refund


def _forgive(refund: Payment, again: Decimal) -> None:
    """Note what of an order's debt would be owed ``again`` now, and is not to be."""
    if again > 0:
        save_columns(refund, forgiven_amount=again)


def _require_refundable(payment: Payment, refused: str) -> None:
    if payment.kind != Payment.Kind.CHARGE:
        raise PaymentStateError(
            refused,
            why=f"it is a {payment.get_kind_display().lower()}",
            fix="refund a charge",
        )
    if payment.status in Payment.MONEY_STATUSES:
        return
    raise PaymentStateError(
        refused,
        why=f"it is {payment.get_status_display().lower()}, so no money came",
        fix="refund a payment that succeeded",
    )


def _count(payment: Payment, amount: Decimal) -> None:
    """Raise ``refunded_amount`` if that much is left, in one conditional UPDATE."""
    raised_amount = raised("refunded_amount", amount)
    changed = (
        Payment.objects.alias(refunded_then=raised_amount)
        .filter(pk=payment.pk, refunded_then__lte=F("captured_amount"))
        .update(
            refunded_amount=raised_amount,
            version=F("version") + 1,
            updated_at=timezone.now(),
        )
    )
    payment.refresh_from_db()
    if changed:
        return
    left = money_text(payment.refundable_amount, payment.currency)
    total = money_text(payment.captured_amount, payment.currency)
    raise RefundTooLargeError(
        f"{money_text(amount, payment.currency)} of payment {payment} was not"
        " refunded.",
        why=f"{left} of {total} is left",
        fix=f"refund at most {left}"
        if payment.refundable_amount
        else "look at its refunds; all of it went back",
        left=payment.refundable_amount,
    )


def _write(payment: Payment, *, at: datetime | None, **columns: Any) -> Payment:
    refund = Payment.objects.create(
        payment_number=next_number("PAY", at=at),
        kind=Payment.Kind.REFUND,
        method=payment.method,
        order_id=payment.order_id,
        invoice_id=payment.invoice_id,
        parent=payment,
        currency=payment.currency,
        provider=payment.provider,
        created_at=at or timezone.now(),
        created_by_id=acting_user_id(),
        **columns,
    )
    return change_status(
        refund,
        Payment.Status.SUCCEEDED,
        event_type="payment.refund_succeeded",
        at=at,
        payload={"amount": refund.amount, "payment": payment.payment_number},
        captured_amount=refund.amount,
        processed_at=at or timezone.now(),
    )


def _unsettle(
    payment: Payment,
    amount: Decimal,
    *,
    reason: str,
    reopens_invoice: bool,
    at: datetime | None,
) -> None:
    """Take ``amount`` off the invoices the payment had settled, newest first."""
    applications = payment.applications.select_related("invoice", "payment")
    for application in applications.order_by("-created_at"):
        part = min(amount, application.amount)
        if part <= 0:
            return
        # What was credited before the refund is not credited again.
        to_credit = min(part, application.invoice.amount_due + part)
        if to_credit > 0 and not reopens_invoice:
            credit_invoice(application.invoice, amount=to_credit, reason=reason, at=at)
        take_back(application, amount=part, at=at)
        amount -= part


def _follow(payment: Payment, refund: Payment, *, at: datetime | None) -> None:
    change_status(
        payment,
        Payment.Status.PARTIALLY_REFUNDED
        if payment.refundable_amount
        else Payment.Status.REFUNDED,
        event_type="payment.refunded",
        at=at,
        payload={"refund": refund.payment_number, "amount": refund.amount},
    )
