"""What every charge goes through: its debt is locked, it is checked, it settles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from finance.errors import (
    AlreadyRecordedError,
    CurrencyMismatchError,
    FinanceError,
    InvoiceStateError,
)
from finance.models import Invoice, Payment
from finance.services.amounts import money_text, require_amount
from finance.services.settlement import (
    apply_payment,
    overpayment,
    require_receivable,
)
from finance.services.totals import (
    owed_on_invoice,
    owed_on_order,
    refresh_order_totals,
)
from orders.models import Order
from stateset.system.services import change_status, next_number
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import lock_row

REFUSED = "The payment was not recorded."


@dataclass(frozen=True)
class Subject:
    """What is paid: an order, an invoice, or an invoice and its order; locked."""

    order: Order | None
    invoice: Invoice | None

    @property
    def debts(self) -> list[Order | Invoice]:
        """Return what is owed, the order first."""
        return [debt for debt in (self.order, self.invoice) if debt is not None]

    @property
    def currency(self) -> str:
        """Return the currency of the debt."""
        return self.debts[-1].currency


def lock_subject(*, order: Order | None, invoice: Invoice | None) -> Subject:
    """Lock order, then invoice: everything that moves money locks in this order."""
    if invoice is not None and order is None:
        order = invoice.order
    if order is not None:
        lock_row(order)
    if invoice is not None:
        lock_row(invoice)
        if order is not None and invoice.order_id != order.pk:
            raise FinanceError(
                REFUSED,
                why=f"invoice {invoice} is not for order {order}",
                fix="name the order or the invoice, or two that belong together",
            )
    if order is None and invoice is None:
        raise FinanceError(
            REFUSED,
            why="it is for neither an order nor an invoice",
            fix="name what is paid",
        )
    return Subject(order=order, invoice=invoice)


def payment_with_key(
    idempotency_key: str | None, *, refused: str, **same: Any
) -> Payment | None:
    """Return the payment that was recorded with this key, if there is one.

    Raises AlreadyRecordedError where it is another than ``same`` says.
    """
    if not idempotency_key:
        return None
    earlier = Payment.objects.filter(idempotency_key=idempotency_key).first()
    if earlier is None:
        return None
    if all(getattr(earlier, column) == value for column, value in same.items()):
        return earlier
    raise AlreadyRecordedError(
        refused,
        why=f"its key was used for {earlier}, another payment",
        fix="give every payment a key of its own",
    )


def require_new_reference(provider: str, provider_reference: str) -> None:
    """Raise AlreadyRecordedError if the provider's reference was recorded before."""
    if not provider_reference:
        return
    earlier = Payment.objects.filter(
        provider=provider, provider_reference=provider_reference
    ).first()
    if earlier is not None:
        raise AlreadyRecordedError(
            REFUSED,
            why=f"{earlier} has the reference {provider_reference} already",
            fix=f"look at {earlier}, or correct the reference",
        )


def announce_charge(
    subject: Subject,
    *,
    amount: Decimal,
    method: str,
    currency: str,
    provider: str,
    provider_reference: str,
    idempotency_key: str | None,
    at: datetime | None,
    **same: Any,
) -> tuple[Payment, bool]:
    """Write a pending charge over no more than is owed; return it, and True.

    With the key of an earlier charge that one is returned, and False. Raises
    AlreadyRecordedError where it was another one, or is not as ``same`` says.
    """
    charge: dict[str, Any] = {
        "kind": Payment.Kind.CHARGE,
        "order": subject.order,
        "invoice": subject.invoice,
        "amount": amount,
        "currency": currency or subject.currency,
        "method": method,
    }
    earlier = payment_with_key(idempotency_key, refused=REFUSED, **charge, **same)
    if earlier is not None:
        return earlier, False
    require_amount(amount, charge["currency"], refused=REFUSED)
    require_payable(subject, amount, charge["currency"])
    require_new_reference(provider, provider_reference)
    written = Payment.objects.create(
        **charge,
        payment_number=next_number("PAY", at=at),
        provider=provider,
        provider_reference=provider_reference,
        idempotency_key=idempotency_key,
        created_at=at or timezone.now(),
        created_by_id=acting_user_id(),
    )
    return written, True


def require_payable(subject: Subject, amount: Decimal, currency: str) -> None:
    """Raise OverpaymentError, or another refusal, unless that much may be paid."""
    if currency != subject.currency:
        raise CurrencyMismatchError(
            REFUSED,
            why=f"it is in {currency}, the debt in {subject.currency}",
            fix=f"record what arrived in {subject.currency}",
        )
    if subject.order is not None:
        _require_owed(subject.order, owed_on_order(subject.order), amount)
    if subject.invoice is not None:
        require_receivable(subject.invoice, refused=REFUSED)
        _require_issued(subject.invoice)
        _require_owed(subject.invoice, owed_on_invoice(subject.invoice), amount)


def _require_issued(invoice: Invoice) -> None:
    if invoice.status == Invoice.Status.DRAFT:
        raise InvoiceStateError(
            REFUSED, why=f"{invoice} is not issued", fix="issue the invoice first"
        )


def _require_owed(debt: Order | Invoice, owed: Decimal, amount: Decimal) -> None:
    if amount > owed:
        raise overpayment(debt, owed=owed, amount=amount, currency=debt.currency)


def settle(
    payment: Payment,
    subject: Subject,
    *,
    amount: Decimal,
    event_type: str,
    at: datetime | None,
) -> Payment:
    """Note that ``amount`` of a charge came, and pay with it what is owed."""
    change_status(
        payment,
        Payment.Status.SUCCEEDED,
        event_type=event_type,
        at=at,
        payload={"amount": money_text(amount, payment.currency)},
        captured_amount=amount,
        processed_at=at or timezone.now(),
    )
    left = amount
    for invoice in _debts(subject):
        part = min(left, owed_on_invoice(invoice))
        if part > 0:
            apply_payment(payment, invoice, amount=part, at=at)
            left -= part
    refresh_order_totals(subject.order, at=at)
    return payment


def _debts(subject: Subject) -> Iterable[Invoice]:
    if subject.invoice is not None:
        return [subject.invoice]
    if subject.order is None:
        return []
    receivable = subject.order.invoices.filter(kind=Invoice.Kind.RECEIVABLE)
    return receivable.unpaid().order_by("issued_on", "invoice_number")
