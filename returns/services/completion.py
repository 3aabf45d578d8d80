"""Complete a return: goods to their place, money to the customer, each once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from finance.models import Payment
from finance.services import refund_payment
from inventory.models import Location, ReferenceType, StockLevel
from inventory.services.reasons import require_reason
from inventory.services.stock import (
    Reference,
    ensure_level,
    lock_levels,
    receive_stock,
)
from returns.errors import FindingsRefusedError, RefundNotPossibleError
from returns.models import ReturnItem, ReturnRequest
from returns.services.amounts import refund_due
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.locks import claim_row, lock_row

REFUNDABLE = (Payment.Status.SUCCEEDED, Payment.Status.PARTIALLY_REFUNDED)


def complete_return(
    return_request: ReturnRequest, *, at: datetime | None = None
) -> ReturnRequest:
    """Restock or quarantine what was found good, and refund what was received.

    In one transaction; the ledger's idempotency keys let no line be restocked
    twice. Raises RefundNotPossibleError when less was paid than is owed back.
    """
    with business_transaction(reason=f"return {return_request}"):
        return _complete(return_request, at=at or timezone.now())


def complete_without_refund(
    return_request: ReturnRequest, *, reason: str, at: datetime | None = None
) -> ReturnRequest:
    """Put the goods away and give no money back, saying why."""
    require_reason(reason, f"Return {return_request} was not completed.")
    with business_transaction(reason=reason):
        return _complete(
            return_request,
            at=at or timezone.now(),
            resolution=ReturnRequest.Resolution.NONE,
            status_reason=reason[:255],
        )


def _complete(
    return_request: ReturnRequest, *, at: datetime, **columns: Any
) -> ReturnRequest:
    """Complete it with ``columns`` changed; their resolution decides on the refund."""
    # Headers before stock levels: who ships a parcel of the order holds the order.
    lock_row(return_request.order)
    claim_row(return_request)
    require_transition(return_request, ReturnRequest.Status.COMPLETED)
    items = list(
        return_request.items.select_related(
            "order_item__order", "order_item__variant"
        ).order_by("order_item__variant_id", "pk")
    )
    came = [item for item in items if item.quantity_received]
    # All levels first, in their order: two returns must not wait for each other.
    lock_levels(_level(return_request, item).pk for item in came if _stocks(item))
    for item in came:
        _put_away(return_request, item, at=at)
    resolution = columns.get("resolution", return_request.resolution)
    amount = Decimal(0)
    if resolution == ReturnRequest.Resolution.REFUND:
        amount = _settle(items)
        _refund(return_request, amount, at=at)
    return change_status(
        return_request,
        ReturnRequest.Status.COMPLETED,
        event_type="return.completed",
        at=at,
        payload={"refunded": amount, "resolution": resolution},
        amount_refunded=amount,
        # The estimate can have been one minor unit short.
        refund_total=max(return_request.refund_total, amount),
        completed_at=at,
        **columns,
    )


def _put_away(return_request: ReturnRequest, item: ReturnItem, *, at: datetime) -> None:
    if item.disposition == ReturnItem.Disposition.SCRAP:
        return
    if _stocks(item):
        receive_stock(
            variant=item.order_item.variant,
            location=_place(return_request, item),
            quantity=item.quantity_received,
            unit_cost=item.order_item.unit_cost or Decimal(0),
            reference=Reference(ReferenceType.RETURN, return_request.pk),
            line_id=item.pk,
            kind="return",
            at=at,
            idempotency_key=f"return_item:{item.pk}:restock",
        )
    item.restocked_at = at
    item.save(update_fields=["restocked_at", "updated_at"])


def _stocks(item: ReturnItem) -> bool:
    is_kept = item.disposition != ReturnItem.Disposition.SCRAP
    return is_kept and item.order_item.variant.is_stocked


def _level(return_request: ReturnRequest, item: ReturnItem) -> StockLevel:
    return ensure_level(
        variant=item.order_item.variant, location=_place(return_request, item)
    )


def _place(return_request: ReturnRequest, item: ReturnItem) -> Location:
    if item.disposition == ReturnItem.Disposition.RESTOCK:
        return return_request.location
    place = (
        Location.objects.filter(kind=Location.Kind.QUARANTINE, is_active=True)
        .order_by("code")
        .first()
    )
    if place is None:
        raise FindingsRefusedError(
            f"Return {return_request} was not completed.",
            why="there is no active location of kind quarantine",
            fix="add one under Inventory, Locations, or scrap the goods",
        )
    return place


def _settle(items: Iterable[ReturnItem]) -> Decimal:
    """Note on each line what it gives back, and return the sum."""
    total = Decimal(0)
    for item in items:
        item.refund_amount = refund_due(item)
        item.save(update_fields=["refund_amount", "updated_at"])
        total += item.refund_amount
    return total


def _refund(return_request: ReturnRequest, amount: Decimal, *, at: datetime) -> None:
    left = amount
    charges = Payment.objects.filter(
        order_id=return_request.order_id,
        kind=Payment.Kind.CHARGE,
        status__in=REFUNDABLE,
    ).order_by("created_at", "pk")
    for charge in charges:
        part = min(left, charge.refundable_amount)
        if part > 0:
            refund_payment(
                charge,
                amount=part,
                reason=f"return {return_request}",
                at=at,
                idempotency_key=f"return:{return_request.pk}:{charge.pk}",
            )
            left -= part
    if left > 0:
        raise RefundNotPossibleError(
            f"Return {return_request} was not completed.",
            why=(
                f"{amount:.2f} {return_request.currency} are to be given back, and "
                f"only {amount - left:.2f} of them were paid"
            ),
            fix=(
                "record the missing payment, or complete it with the button"
                " “Complete without refund”"
            ),
        )
