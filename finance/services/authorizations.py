"""Authorise a payment, and take its money later, once, all of it or less.

An authorisation is captured once; what it was more than that is let go, as cards
have it (docs/adr/an-authorisation-is-captured-once.md).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from finance.errors import (
    CaptureTooLargeError,
    FinanceError,
    OverpaymentError,
    PaymentStateError,
)
from finance.models import Invoice, Payment
from finance.services.amounts import ZERO, money_text, require_amount, sum_of
from finance.services.charges import (
    Subject,
    announce_charge,
    lock_subject,
    require_payable,
    settle,
)
from finance.services.payments import end_payment
from finance.services.totals import (
    owed_on_invoice,
    owed_on_order,
    refresh_order_totals,
)
from orders.models import Order
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.locks import lock_row

AUTHORIZATION_LIFE = timedelta(days=7)
"""How long an authorisation can be captured if nobody says otherwise."""

EXPIRED_AT_ONCE = 500


def record_authorization(
    *,
    amount: Decimal,
    method: str,
    order: Order | None = None,
    invoice: Invoice | None = None,
    currency: str = "",
    provider: str = "",
    provider_reference: str = "",
    idempotency_key: str | None = None,
    expires_at: datetime | None = None,
    at: datetime | None = None,
) -> Payment:
    """Record that a customer's card or account vouches for an amount; none comes yet.

    With the ``idempotency_key`` of an earlier authorisation that one is returned and
    nothing is written. Raises OverpaymentError with what is owed and not authorised.
    """
    with business_transaction():
        subject = lock_subject(order=order, invoice=invoice)
        payment, is_new = announce_charge(
            subject,
            amount=amount,
            method=method,
            currency=currency,
            provider=provider,
            provider_reference=provider_reference,
            idempotency_key=idempotency_key,
            at=at,
            was_authorized=True,
        )
        if not is_new:
            return payment
        return _authorize(payment, subject, expires_at=expires_at, at=at)


def authorize_payment(
    payment: Payment,
    *,
    expires_at: datetime | None = None,
    at: datetime | None = None,
) -> Payment:
    """Note that the customer's card or account vouches for a pending charge."""
    with business_transaction():
        subject = lock_subject(order=payment.order, invoice=payment.invoice)
        lock_row(payment)
        require_transition(payment, Payment.Status.AUTHORIZED)
        require_payable(subject, payment.amount, payment.currency)
        return _authorize(payment, subject, expires_at=expires_at, at=at)


def capture_payment(
    payment: Payment, *, amount: Decimal | None = None, at: datetime | None = None
) -> Payment:
    """Take the money of an authorisation, and settle with it; the rest is let go.

    Without an ``amount`` it is all that is authorised and still owed. Raises
    CaptureTooLargeError, OverpaymentError, or PaymentStateError.
    """
    with business_transaction():
        subject = lock_subject(order=payment.order, invoice=payment.invoice)
        lock_row(payment)
        _require_capturable(payment, at or timezone.now())
        if amount is None:
            amount = capturable_amount(payment) or payment.amount
        refused = f"Payment {payment} was not captured."
        require_amount(amount, payment.currency, refused=refused)
        if amount > payment.amount:
            most = money_text(payment.amount, payment.currency)
            raise CaptureTooLargeError(
                refused,
                why=f"{money_text(amount, payment.currency)} was asked, and {most} is"
                " authorised",
                fix=f"capture at most {most}, and have the rest authorised anew",
            )
        require_payable(subject, amount, payment.currency)
        return settle(
            payment, subject, amount=amount, event_type="payment.captured", at=at
        )


def void_payment(
    payment: Payment, *, reason: str, at: datetime | None = None
) -> Payment:
    """Let go of an authorisation: no money comes of it."""
    with business_transaction(reason=reason):
        lock_subject(order=payment.order, invoice=payment.invoice)
        lock_row(payment)
        return end_payment(
            payment,
            Payment.Status.VOIDED,
            event_type="payment.voided",
            at=at,
            payload={"reason": reason},
            reason=reason[:255],
        )


def expire_authorizations(*, at: datetime) -> int:
    """Let go of every authorisation that ran out before ``at``; return how many.

    Each in a transaction of its own; what another flow is just using is left to it,
    and to the next run.
    """
    expired = 0
    last: UUID | None = None
    while True:
        overdue = Payment.objects.ran_out(at).order_by("pk")
        if last is not None:
            overdue = overdue.filter(pk__gt=last)
        batch = list(overdue.values_list("pk", "order_id")[:EXPIRED_AT_ONCE])
        for key, order_key in batch:
            expired += _expire_if_free(key, order_key, at=at)
        if len(batch) < EXPIRED_AT_ONCE:
            return expired
        last = batch[-1][0]


def capturable_amount(payment: Payment) -> Decimal:
    """Return how much of an authorisation can be captured: no more than is owed."""
    if payment.status != Payment.Status.AUTHORIZED:
        return ZERO
    most = payment.amount
    if payment.order is not None:
        most = min(most, owed_on_order(payment.order))
    if payment.invoice is not None:
        most = min(most, owed_on_invoice(payment.invoice))
    return max(ZERO, most)


def authorizable_amount(order: Order, *, at: datetime | None = None) -> Decimal:
    """Return what is owed on an order and not authorised yet, or no longer."""
    still = _authorized(order, at or timezone.now())
    return max(ZERO, owed_on_order(order) - still)


def _authorize(
    payment: Payment,
    subject: Subject,
    *,
    expires_at: datetime | None,
    at: datetime | None,
) -> Payment:
    now = at or timezone.now()
    ends = expires_at or now + AUTHORIZATION_LIFE
    _require_authorizable(payment, ends, now)
    for debt in subject.debts:
        for row in debt.payments.ran_out(now).order_by("pk"):
            _expire(row, at=now)
        _require_not_authorized_yet(payment, debt, now)
    change_status(
        payment,
        Payment.Status.AUTHORIZED,
        event_type="payment.authorized",
        at=at,
        payload={"amount": money_text(payment.amount, payment.currency)},
        authorized_at=now,
        authorization_expires_at=ends,
    )
    refresh_order_totals(subject.order, at=at)
    return payment


def _require_authorizable(payment: Payment, ends: datetime, now: datetime) -> None:
    refused = f"Payment {payment} was not authorised."
    if payment.method not in Payment.METHODS_TO_AUTHORIZE:
        raise FinanceError(
            refused,
            why=f"it is by {payment.get_method_display().lower()}",
            fix="record such a payment when its money comes",
        )
    if ends <= now:
        raise FinanceError(
            refused,
            why=f"it would have run out at {ends:%Y-%m-%d %H:%M} UTC",
            fix="give a later time, or none",
        )


def _require_not_authorized_yet(
    payment: Payment, debt: Order | Invoice, now: datetime
) -> None:
    authorized = _authorized(debt, now)
    owed = owed_on_order(debt) if isinstance(debt, Order) else owed_on_invoice(debt)
    left = max(ZERO, owed - authorized)
    if payment.amount <= left:
        return
    amount, due, vouched_for, most = (
        money_text(each, payment.currency)
        for each in (payment.amount, owed, authorized, left)
    )
    raise OverpaymentError(
        f"{amount} was not authorised for {debt}.",
        why=f"{due} is owed, and {vouched_for} of it authorised already",
        fix=f"authorise at most {most}" if left else "capture or void what there is",
        owed=left,
    )


def _authorized(debt: Order | Invoice, now: datetime) -> Decimal:
    open_ones = debt.payments.authorized()
    return sum_of(open_ones.filter(authorization_expires_at__gte=now), "amount")


def _require_capturable(payment: Payment, now: datetime) -> None:
    refused = f"Payment {payment} was not captured."
    if payment.status != Payment.Status.AUTHORIZED:
        raise PaymentStateError(
            refused,
            why=f"it is {payment.get_status_display().lower()}, not authorised",
            fix="capture a payment that is authorised",
        )
    if payment.has_run_out(now):
        ended = f"{payment.authorization_expires_at:%Y-%m-%d %H:%M} UTC"
        raise PaymentStateError(
            refused,
            why=f"its authorisation ran out at {ended}",
            fix="have the customer authorise the amount anew",
        )


def _expire_if_free(key: UUID, order_key: UUID | None, *, at: datetime) -> int:
    """Expire one authorisation unless it, or its order, is just being used."""
    with business_transaction(reason="authorisation ran out"):
        if order_key is not None:
            orders = Order.objects.select_for_update(skip_locked=True, no_key=True)
            if orders.filter(pk=order_key).first() is None:
                return 0
        overdue = Payment.objects.ran_out(at)
        free = overdue.select_for_update(skip_locked=True, no_key=True)
        payment = free.filter(pk=key).first()
        if payment is None:
            return 0
        _expire(payment, at=at)
    return 1


def _expire(payment: Payment, *, at: datetime) -> None:
    end_payment(
        payment,
        Payment.Status.EXPIRED,
        event_type="payment.authorization_expired",
        at=at,
    )
