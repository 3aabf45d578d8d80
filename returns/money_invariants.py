"""What must hold of the money that returns give back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from finance.models import Payment
from finance.services.amounts import ZERO, exact
from orders.models import Order, OrderItem
from returns.models import ReturnRequest
from stateset.lib.invariants import Violation

CHUNK = 5000
REFUNDED = Q(
    return_items__return_request__status=ReturnRequest.Status.COMPLETED,
    return_items__return_request__resolution=ReturnRequest.Resolution.REFUND,
)


def returns_that_differ_from_lines() -> Iterator[Violation]:
    """Find returns whose sums are not those of their parts."""
    total = exact(F("items_amount") + F("shipping_refund") - F("restocking_fee"))
    summed = ReturnRequest.objects.annotate(
        lines=_sum("items__refund_amount"), total=total
    )
    wrong = summed.filter(
        ~Q(items_amount=F("lines")) | ~Q(refund_total=F("total"))
    ).order_by("pk")
    for number, lines, kept, worked_out, refund in wrong.values_list(
        "rma_number", "lines", "items_amount", "total", "refund_total"
    ):
        yield Violation(
            number,
            f"lines {lines:.4f}, items amount {kept:.4f};"
            f" comes to {worked_out:.4f}, refund total {refund:.4f}",
        )


def returns_that_differ_from_refunds() -> Iterator[Violation]:
    """Find returns that gave back another sum than payments know of, or than is due."""
    paid = _refunds_by_return()
    told = {
        key: (number, amount, total if is_due else amount)
        for key, number, amount, total, is_due in _returns_with_money(paid)
    }
    for key, (number, amount, due) in told.items():
        refunds = paid.get(key, ZERO)
        if not amount == refunds == due:
            yield Violation(
                number,
                f"gave back {amount:.4f} of {due:.4f}, its refunds are {refunds:.4f}",
            )
    for key in paid.keys() - told.keys():
        yield Violation(f"return {key}", f"is not there, {paid[key]:.4f} went back")


def lines_that_gave_back_too_much() -> Iterator[Violation]:
    """Find order lines whose returns gave back more than they cost."""
    cost = exact(F("total_price") + F("tax_amount"))
    wrong = (
        OrderItem.objects.filter(return_items__isnull=False)
        .annotate(given=_sum("return_items__refund_amount", REFUNDED), cost=cost)
        .filter(given__gt=F("cost"))
    )
    for line in wrong.select_related("order").order_by("pk"):
        yield Violation(str(line), f"gave back {line.given:.4f}, cost {line.cost:.4f}")


def freight_given_back_twice() -> Iterator[Violation]:
    """Find orders whose returns gave back more freight than they had."""
    wrong = (
        Order.objects.filter(returns__shipping_refund__gt=0)
        .annotate(given=_sum("returns__shipping_refund"))
        .filter(given__gt=F("shipping_total"))
        .order_by("pk")
    )
    for number, given, freight in wrong.values_list(
        "order_number", "given", "shipping_total"
    ):
        yield Violation(number, f"gave back {given:.4f}, freight was {freight:.4f}")


def _returns_with_money(
    paid: dict[UUID, Decimal],
) -> Iterator[tuple[UUID, str, Decimal, Decimal, bool]]:
    """Yield key, number, amount refunded, total, and whether all of it is due."""
    is_due = Q(
        status=ReturnRequest.Status.COMPLETED,
        resolution=ReturnRequest.Resolution.REFUND,
    )
    rows = (
        ReturnRequest.objects.annotate(is_due=is_due)
        .order_by("pk")
        .values_list("pk", "rma_number", "amount_refunded", "refund_total", "is_due")
    )
    for row in rows.iterator(chunk_size=CHUNK):
        if row[4] or row[2] or row[0] in paid:
            yield row


def _refunds_by_return() -> dict[UUID, Decimal]:
    """Return what refunds say, by the return in their idempotency key."""
    sums: dict[UUID, Decimal] = {}
    refunds = Payment.objects.filter(
        kind=Payment.Kind.REFUND,
        status=Payment.Status.SUCCEEDED,
        idempotency_key__startswith="return:",
    ).order_by()
    for name, amount in refunds.values_list("idempotency_key", "amount").iterator(
        chunk_size=CHUNK
    ):
        key = UUID(str(name).split(":")[1])
        sums[key] = sums.get(key, ZERO) + amount
    return sums


def _sum(path: str, which: Q | None = None) -> Combinable:
    return exact(Coalesce(Sum(path, filter=which), ZERO))
