"""What finance does when orders tell it something."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from finance.models import Invoice, Payment
from finance.services import (
    cancel_payment,
    discard_draft,
    void_invoice,
    void_payment,
)
from orders.models import Order


def drop_open_debts(order: Order, reason: str, at: datetime | None, **_: Any) -> None:
    """Drop drafts, unpaid invoices and payments that are to come of a cancelled order.

    Authorisations are let go. Money that came stays as it is: giving it back is a
    person's decision.
    """
    for payment in order.payments.live().order_by("pk"):
        if payment.status == Payment.Status.AUTHORIZED:
            void_payment(payment, reason=reason, at=at)
        else:
            cancel_payment(payment, reason=reason, at=at)
    receivables = order.invoices.filter(kind=Invoice.Kind.RECEIVABLE).order_by("pk")
    for invoice in receivables.filter(status=Invoice.Status.DRAFT):
        discard_draft(invoice, reason=reason)
    for invoice in receivables.filter(
        status=Invoice.Status.OPEN, amount_paid=0, amount_credited=0
    ):
        void_invoice(invoice, reason=reason, at=at)
