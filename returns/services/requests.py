"""Ask for a return, and call one off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from inventory.models import Location
from orders.models import Order, OrderItem
from returns.errors import NothingToReturnError
from returns.models import ReturnItem, ReturnRequest
from returns.services.amounts import estimated_refund
from returns.services.approvals import open_approvals
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import lock_row

OPEN_STATUSES = (ReturnRequest.Status.REQUESTED, ReturnRequest.Status.APPROVED)
"""Statuses whose units are promised to come back and are not counted yet."""


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
        return_request.refund_total = sum(worths, Decimal(0))
        return_request.save(update_fields=["refund_total", "updated_at"])
        record_event(
            return_request,
            "return.requested",
            {"order": order.order_number, "refund_total": return_request.refund_total},
            at=moment,
        )
        is_late = any(_is_past_window(order, item, moment) for item in items)
        open_approvals(return_request, is_late=is_late, at=moment)
    return return_request


def cancel_return(
    return_request: ReturnRequest, *, reason: str, at: datetime | None = None
) -> ReturnRequest:
    """Call off a return of which nothing has come back."""
    with business_transaction(reason=reason):
        return change_status(
            return_request,
            ReturnRequest.Status.CANCELLED,
            event_type="return.cancelled",
            at=at,
            status_reason=reason[:255],
        )


def returnable_quantity(item: OrderItem) -> int:
    """Return the shipped units of a line that are neither back nor on their way."""
    promised = (
        ReturnItem.objects.filter(
            order_item=item, return_request__status__in=OPEN_STATUSES
        ).aggregate(units=Sum("quantity"))["units"]
        or 0
    )
    return item.quantity_fulfilled - item.quantity_returned - promised


def _items(order: Order, lines: Mapping[UUID, int]) -> list[OrderItem]:
    items = list(
        order.items.select_related("variant__product")
        .filter(pk__in=list(lines))
        .order_by("line_number")
    )
    if not items or len(items) < len(lines):
        raise NothingToReturnError(
            f"No return of order {order} was opened.",
            why="no line was named" if not lines else "a line is of another order",
            fix="name lines of this order and how many units of each come back",
        )
    for item in items:
        _require_returnable(order, item, lines[item.pk])
    return items


def _require_returnable(order: Order, item: OrderItem, quantity: int) -> None:
    left = returnable_quantity(item)
    why = ""
    if not item.variant.product.is_returnable:
        why = f"{item.sku} can't be returned"
    elif quantity < 1:
        why = f"{quantity} × {item.sku} is no quantity"
    elif quantity > left:
        why = f"of {item.sku}, {left} shipped units can still come back"
    if why:
        raise NothingToReturnError(
            f"No return of order {order} was opened.",
            why=why,
            fix="change the quantity or leave the line out",
        )


def _is_past_window(order: Order, item: OrderItem, moment: datetime) -> bool:
    arrived = order.delivered_at or order.shipped_at
    days = item.variant.product.return_window_days
    return arrived is not None and moment > arrived + timedelta(days=days)


def _add_item(
    return_request: ReturnRequest, item: OrderItem, quantity: int
) -> ReturnItem:
    return ReturnItem.objects.create(
        return_request=return_request,
        order_item=item,
        quantity=quantity,
        refund_amount=estimated_refund(item, quantity=quantity),
    )
