"""Ask for a return, change what is promised for it, and call one off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from inventory.models import Location
from inventory.services.reasons import require_reason
from orders.models import Order, OrderItem
from returns.errors import NothingToReturnError, ResolutionRefusedError
from returns.models import ReturnItem, ReturnRequest
from returns.services.amounts import estimated_refund
from returns.services.approvals import open_approvals, withdraw_approvals
from returns.services.returnable import is_past_window, require_returnable
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import claim_row, lock_row
from stateset.system.services.transitions import save_columns


def request_return(
    order: Order,
    *,
    lines: Mapping[UUID, int],
    reason_code: str,
    reason: str = "",
    resolution: str = ReturnRequest.Resolution.REFUND,
    location: Location | None = None,
    at: datetime | None = None,
) -> ReturnRequest:
    """Open a return of ``lines`` (units by key of the order line).

    A small return inside its window is approved at once; others wait for people.
    Raises NothingToReturnError, naming the line, when units were not shipped, are
    not returnable or are on their way back already.
    """
    moment = at or timezone.now()
    with business_transaction():
        lock_row(order)
        items = _items(order, lines)
        return_request = ReturnRequest.objects.create(
            rma_number=next_number("RMA", at=moment),
            order=order,
            customer_id=order.customer_id,
            resolution=resolution,
            reason_code=reason_code,
            reason=reason,
            location=location or order.location,
            currency=order.currency,
            requested_by_id=acting_user_id(),
            requested_at=moment,
        )
        worths = [
            _add_item(return_request, item, lines[item.pk]).refund_amount
            for item in items
        ]
        return_request.items_amount = sum(worths, Decimal(0))
        return_request.refund_total = return_request.items_amount
        return_request.save(
            update_fields=["items_amount", "refund_total", "updated_at"]
        )
        record_event(
            return_request,
            "return.requested",
            {"order": order.order_number, "refund_total": return_request.refund_total},
            at=moment,
        )
        is_late = is_past_window(order, items, moment)
        open_approvals(return_request, is_late=is_late, at=moment)
    return return_request


def change_resolution(
    return_request: ReturnRequest,
    *,
    resolution: str,
    reason: str,
    at: datetime | None = None,
) -> ReturnRequest:
    """Promise a refund in place of a replacement, or the other way; says why."""
    refused = f"What return {return_request} ends in was not changed."
    require_reason(reason, refused)
    with business_transaction(reason=reason):
        claim_row(return_request)
        why_not = why_no_other_resolution(return_request)
        if resolution not in ReturnRequest.Resolution.values:
            why_not = f"{resolution!r} is no way to end one"
        elif resolution == return_request.resolution:
            why_not = "it ends in that already"
        if why_not:
            raise ResolutionRefusedError(
                refused, why=why_not, fix="choose another way, or leave it as it is"
            )
        was = return_request.resolution
        save_columns(return_request, resolution=resolution)
        record_event(
            return_request,
            "return.resolution_changed",
            {"from": was, "to": resolution, "reason": reason},
            at=at,
        )
    return return_request


def why_no_other_resolution(return_request: ReturnRequest) -> str:
    """Return why it is too late to promise something else, "" where it is not."""
    if return_request.status in (
        ReturnRequest.Status.COMPLETED,
        *ReturnRequest.ENDED_STATUSES,
    ):
        return f"it is {return_request.get_status_display().lower()}"
    return ""


def cancel_return(
    return_request: ReturnRequest, *, reason: str, at: datetime | None = None
) -> ReturnRequest:
    """Call off a return of which nothing has come back."""
    require_reason(reason, f"Return {return_request} was not cancelled.")
    with business_transaction(reason=reason):
        claim_row(return_request)
        change_status(
            return_request,
            ReturnRequest.Status.CANCELLED,
            event_type="return.cancelled",
            at=at,
            payload={"reason": reason},
            status_reason=reason[:255],
        )
        withdraw_approvals(return_request, at=at or timezone.now())
    return return_request


def _items(order: Order, lines: Mapping[UUID, int]) -> list[OrderItem]:
    items = list(
        order.items.select_related("variant__product")
        .filter(pk__in=list(lines))
        .order_by("line_number")
    )
    refused = f"No return of order {order} was opened."
    if not items or len(items) < len(lines):
        raise NothingToReturnError(
            refused,
            why="no line was named" if not lines else "a line is of another order",
            fix="name lines of this order and how many units of each come back",
        )
    for item in items:
        require_returnable(item, lines[item.pk], refused=refused)
    return items


def _add_item(
    return_request: ReturnRequest, item: OrderItem, quantity: int
) -> ReturnItem:
    return ReturnItem.objects.create(
        return_request=return_request,
        order_item=item,
        quantity=quantity,
        refund_amount=estimated_refund(item, quantity=quantity),
    )
