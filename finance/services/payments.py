"""Take payments: never more than is owed, never the same one twice."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from finance.errors import PaymentStateError
from finance.models import Invoice, Payment
from finance.services.charges import (
    announce_charge,
    lock_subject,
    require_payable,
    settle,
)
from finance.services.totals import refresh_order_totals
from orders.models import Order
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status, record_event
from stateset.system.services.locks import lock_row


def record_payment(
    *,
    amount: Decimal,
    method: str,
    order: Order | None = None,
    invoice: Invoice | None = None,
    currency: str = "",
    provider: str = "",
    provider_reference: str = "",
    idempotency_key: str | None = None,
    has_arrived: bool = True,
    at: datetime | None = None,
) -> Payment:
    """Record a charge, and settle the order's invoices with it once it has arrived.

    With the ``idempotency_key`` of an earlier payment that one is returned and
    nothing is written. What no invoice claims stays on the payment until one is
    issued. Raises OverpaymentError with what is owed.
    """
    with business_transaction():
        subject = lock_subject(order=order, invoice=invoice)
        same = {"was_authorized": False} if has_arrived else {}
        payment, is_new = announce_charge(
            subject,
            amount=amount,
            method=method,
            currency=currency,
            provider=provider,
            provider_reference=provider_reference,
            idempotency_key=idempotency_key,
            at=at,
            **same,
        )
        if not is_new:
            return payment
        if has_arrived:
            return settle(
                payment, subject, amount=amount, event_type="payment.succeeded", at=at
            )
        record_event(payment, "payment.announced", {"amount": amount}, at=at)
        refresh_order_totals(subject.order, at=at)
    return payment


def confirm_payment(payment: Payment, *, at: datetime | None = None) -> Payment:
    """Note that a pending charge has arrived, and settle with it."""
    with business_transaction():
        subject = lock_subject(order=payment.order, invoice=payment.invoice)
        require_transition(payment, Payment.Status.SUCCEEDED)
        if payment.status == Payment.Status.AUTHORIZED:
            raise PaymentStateError(
                f"Payment {payment} was not confirmed.",
                why="it is authorised, and its money not taken yet",
                fix="capture it",
            )
        require_payable(subject, payment.amount, payment.currency)
        return settle(
            payment,
            subject,
            amount=payment.amount,
            event_type="payment.succeeded",
            at=at,
        )


def fail_payment(
    payment: Payment, *, message: str, at: datetime | None = None
) -> Payment:
    """Note that a pending charge will not arrive, and why."""
    with business_transaction(reason=message):
        return end_payment(
            payment,
            Payment.Status.FAILED,
            event_type="payment.failed",
            at=at,
            payload={"reason": message},
            failure_message=message[:255],
        )


def cancel_payment(
    payment: Payment, *, reason: str, at: datetime | None = None
) -> Payment:
    """Give up waiting for a pending charge."""
    with business_transaction(reason=reason):
        return end_payment(
            payment,
            Payment.Status.CANCELLED,
            event_type="payment.cancelled",
            at=at,
            payload={"reason": reason},
            reason=reason[:255],
        )


def end_payment(
    payment: Payment, status: str, *, at: datetime | None, **columns: Any
) -> Payment:
    """Give a charge a status that brings no money, and tell its order."""
    if payment.order is not None:
        lock_row(payment.order)
    change_status(payment, status, at=at, **columns)
    refresh_order_totals(payment.order, at=at)
    return payment
