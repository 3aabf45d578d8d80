"""What finance does when orders tell it something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from finance.errors import InvoiceStateError
from finance.models import Invoice, Payment
from finance.services import (
    cancel_payment,
    discard_draft,
    void_invoice,
    void_payment,
)
from finance.services.invoice_lines import invoiced_parts
from finance.services.totals import use_forgiven
from orders.models import Order


def keep_invoiced_units(order: Order, quantities: Mapping[UUID, int], **_: Any) -> None:
    """Veto giving up units that an invoice charges."""
    parts = invoiced_parts(order)
    charged = [
        f"{part.quantity} × {item.sku}"
        for item in order.items.filter(pk__in=list(quantities)).order_by("line_number")
        if (part := parts.get(item.pk))
        and part.quantity > item.live_quantity - quantities[item.pk]
    ]
    if charged:
        raise InvoiceStateError(
            f"Order {order} was not closed short.",
            why=f"{', '.join(charged)} are on invoices",
            fix="credit the units that never leave on their invoice first",
        )


def take_from_forgiven(order: Order, was: Decimal, **_: Any) -> None:
    """Lower what refunds forgave by what the order costs less now.

    The same goods would come off the debt twice: by the refund and by the total.
    """
    fallen = was - order.total_amount
    if fallen > 0:
        use_forgiven(order, most=fallen)


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
