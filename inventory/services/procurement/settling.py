"""Bring orders and notices to the status that their lines say."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Sum
from django.utils import timezone

from inventory.models import PurchaseOrder, ShippingNotice
from stateset.system.services import change_status
from stateset.system.services.locks import lock_row

FOLLOWING = (
    PurchaseOrder.Status.ORDERED,
    PurchaseOrder.Status.PARTIALLY_RECEIVED,
    PurchaseOrder.Status.RECEIVED,
)
"""The statuses that are derived; the others are decided by people."""


def derive_order_status(order: PurchaseOrder) -> str:
    """Return where a sent order stands by what its lines have received."""
    open_lines = order.items.filter(quantity_received__lt=F("quantity_ordered"))
    if not open_lines.exists():
        return PurchaseOrder.Status.RECEIVED
    received = order.items.aggregate(units=Sum("quantity_received"))["units"]
    if received:
        return PurchaseOrder.Status.PARTIALLY_RECEIVED
    return PurchaseOrder.Status.ORDERED


def settle_order(
    order: PurchaseOrder, *, event_type: str, at: datetime | None = None
) -> None:
    """Move a sent order, locked by the caller, to its derived status."""
    derived = derive_order_status(order)
    if order.status in FOLLOWING and derived != order.status:
        change_status(order, derived, event_type=event_type, at=at)


def settle_notice(notice: ShippingNotice, *, at: datetime | None = None) -> None:
    """Complete a delivered notice that has nothing open, or open it again."""
    lock_row(notice)
    has_open = notice.items.filter(
        quantity_expected__gt=F("quantity_received") + F("quantity_rejected")
    ).exists()
    if notice.status == ShippingNotice.Status.DELIVERED and not has_open:
        change_status(
            notice,
            ShippingNotice.Status.COMPLETED,
            event_type="shipping_notice.completed",
            at=at,
            completed_at=at or timezone.now(),
        )
    elif notice.status == ShippingNotice.Status.COMPLETED and has_open:
        change_status(
            notice,
            ShippingNotice.Status.DELIVERED,
            event_type="shipping_notice.reopened",
            at=at,
            completed_at=None,
        )
