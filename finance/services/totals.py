"""What was paid for an order, and what is still owed, added up anew."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from finance.models import Invoice, Payment
from finance.services.amounts import ZERO, sum_of
from orders.models import Order
from orders.services import apply_payment_totals


def owed_on_order(order: Order) -> Decimal:
    """Return what may still be paid for an order; nothing for a cancelled one.

    Credit notes lower it, so that money given back for returned goods is not
    owed again.
    """
    if order.status == Order.Status.CANCELLED:
        return ZERO
    credited = sum_of(live_receivables(order), "amount_credited")
    kept = order.amount_paid - order.amount_refunded
    return max(ZERO, order.total_amount - credited - kept)


def owed_on_invoice(invoice: Invoice) -> Decimal:
    """Return what may still be paid on an issued invoice."""
    if invoice.status not in Invoice.UNPAID_STATUSES:
        return ZERO
    return invoice.amount_due


def refresh_order_totals(order: Order | None, *, at: datetime | None) -> None:
    """Tell the order what its charges came to; the caller has it locked.

    A payment without an order changes none.
    """
    if order is None:
        return
    charges = charges_with_money(order)
    apply_payment_totals(
        order,
        paid=sum_of(charges, "amount"),
        refunded=sum_of(charges, "refunded_amount"),
        at=at,
    )


def live_receivables(order: Order) -> QuerySet[Invoice]:
    """Return an order's invoices to the customer, void ones left out."""
    receivables = order.invoices.filter(kind=Invoice.Kind.RECEIVABLE)
    return receivables.exclude(status=Invoice.Status.VOID)


def charges_with_money(order: Order) -> QuerySet[Payment]:
    """Return an order's charges that brought money, whatever went back since."""
    return order.payments.filter(
        kind=Payment.Kind.CHARGE, status__in=Payment.MONEY_STATUSES
    )
