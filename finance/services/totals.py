"""What was paid for an order, and what is still owed, added up anew."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, QuerySet

from finance.models import Invoice, Payment
from finance.services.amounts import ZERO, sum_of
from orders.models import Order
from orders.services import apply_payment_totals
from stateset.system.services.locks import lock_row
from stateset.system.services.transitions import save_columns

FAILURES: dict[str, str] = {
    Payment.Status.FAILED: Order.PaymentStatus.FAILED,
    Payment.Status.VOIDED: Order.PaymentStatus.VOIDED,
    Payment.Status.EXPIRED: Order.PaymentStatus.VOIDED,
}
"""What an order says of its newest charge if that brought nothing."""


def owed_on_order(order: Order) -> Decimal:
    """Return what may still be paid for an order; nothing for a cancelled one.

    Credit notes lower it, and before there is an invoice what refunds forgave, so
    that money given back for returned goods is not owed again.
    """
    if order.status == Order.Status.CANCELLED:
        return ZERO
    credited = sum_of(live_receivables(order), "amount_credited")
    forgiven = sum_of(order.payments.all(), "forgiven_amount")
    kept = order.amount_paid - order.amount_refunded
    return max(ZERO, order.total_amount - credited - forgiven - kept)


def use_forgiven(order: Order, *, most: Decimal) -> list[tuple[Payment, Decimal]]:
    """Take up to ``most`` off what refunds forgave; return the refunds and how much.

    The oldest first. The caller has the order locked, as whoever refunds has.
    """
    used = []
    refunds = order.payments.filter(forgiven_amount__gt=0)
    for refund in refunds.order_by("created_at", "pk"):
        if most <= 0:
            break
        lock_row(refund)
        part = min(refund.forgiven_amount, most)
        save_columns(refund, forgiven_amount=refund.forgiven_amount - part)
        used.append((refund, part))
        most -= part
    return used


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
        paid=sum_of(charges, "captured_amount"),
        refunded=sum_of(charges, "refunded_amount"),
        authorized=sum_of(order.payments.authorized(), "amount"),
        failure=last_failure(order),
        at=at,
    )


def last_failure(order: Order) -> str:
    """Return how an order's newest charge ended, if it brought nothing; else ""."""
    newest = newest_charges(order).first()
    return FAILURES.get(newest.status, "") if newest else ""


def newest_charges(order: Order | OuterRef) -> QuerySet[Payment]:
    """Return an order's charges, the one that was made last first."""
    charges = Payment.objects.charges().filter(order=order)
    return charges.order_by("-created_at", "-pk")


def live_receivables(order: Order) -> QuerySet[Invoice]:
    """Return an order's invoices to the customer, void ones left out."""
    receivables = order.invoices.filter(kind=Invoice.Kind.RECEIVABLE)
    return receivables.exclude(status=Invoice.Status.VOID)


def charges_with_money(order: Order) -> QuerySet[Payment]:
    """Return an order's charges that brought money, whatever went back since."""
    return order.payments.charges().filter(status__in=Payment.MONEY_STATUSES)
