"""Announce deliveries for a purchase order, and follow them to the door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import F, Sum
from django.utils import timezone

from inventory.errors import (
    InvalidDateError,
    LinesMissingError,
    NotReceivableError,
    QuantityNotOpenError,
)
from inventory.models import (
    PurchaseOrder,
    PurchaseOrderItem,
    ShippingNotice,
    ShippingNoticeItem,
)
from inventory.services.procurement.lines import (
    require_lines_of,
    require_receivable,
)
from inventory.services.reasons import require_reason
from inventory.services.stock.demands import require_quantity
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.locks import claim_row, lock_row


def announce_shipping_notice(
    order: PurchaseOrder,
    *,
    quantities: Mapping[UUID, int],
    carrier: str = "",
    tracking_number: str = "",
    shipped_at: datetime | None = None,
    expected_at: datetime | None = None,
    notes: str = "",
    at: datetime | None = None,
) -> ShippingNotice:
    """Write down what the supplier says is coming, by line, and announce it.

    All announcements of a line together never pass what it has open.
    """
    with business_transaction(reason="delivery announced"):
        notice = create_shipping_notice(
            order,
            quantities=quantities,
            carrier=carrier,
            tracking_number=tracking_number,
            shipped_at=shipped_at,
            expected_at=expected_at,
            notes=notes,
            at=at,
        )
        return submit_shipping_notice(notice, at=at)


def create_shipping_notice(
    order: PurchaseOrder,
    *,
    quantities: Mapping[UUID, int] | None = None,
    carrier: str = "",
    tracking_number: str = "",
    shipped_at: datetime | None = None,
    expected_at: datetime | None = None,
    notes: str = "",
    at: datetime | None = None,
) -> ShippingNotice:
    """Start a notice as a draft; without ``quantities`` with all that may come."""
    with business_transaction(reason="shipping notice made"):
        lock_row(order)
        require_receivable(order, "The shipping notice was not made.")
        if quantities is None:
            quantities = open_to_announce(order)
        require_lines_of(order, quantities)
        for quantity in quantities.values():
            require_quantity(quantity)
        notice = ShippingNotice.objects.create(
            asn_number=next_number("ASN", at=at),
            purchase_order=order,
            carrier=carrier,
            tracking_number=tracking_number,
            shipped_at=shipped_at,
            expected_at=expected_at,
            notes=notes,
        )
        ShippingNoticeItem.objects.bulk_create(
            ShippingNoticeItem(
                shipping_notice=notice,
                purchase_order_item_id=item_id,
                quantity_expected=quantity,
            )
            for item_id, quantity in quantities.items()
        )
        record_event(
            notice, "shipping_notice.created", {"po_number": order.po_number}, at=at
        )
    return notice


def open_to_announce(order: PurchaseOrder) -> dict[UUID, int]:
    """Return what each line still has open that no live notice brings."""
    announced = _announced(order)
    left = {
        item.pk: item.open_quantity - announced.get(item.pk, 0)
        for item in order.items.order_by("line_number")
    }
    return {item_id: units for item_id, units in left.items() if units > 0}


def submit_shipping_notice(
    notice: ShippingNotice, *, at: datetime | None = None
) -> ShippingNotice:
    """Announce a draft notice; its lines must be open and announced once only."""
    refused = f"Shipping notice {notice} was not announced."
    with business_transaction(reason="delivery announced"):
        # The order first: two notices for it then count each other's lines.
        order = lock_row(notice.purchase_order)
        claim_row(notice)
        require_transition(notice, ShippingNotice.Status.SUBMITTED)
        require_receivable(order, refused)
        items = list(notice.items.select_related("purchase_order_item__variant"))
        if not items:
            raise LinesMissingError(
                refused, why="it has no lines", fix="add at least one line"
            )
        _require_open(order, items, refused)
        return change_status(
            notice,
            ShippingNotice.Status.SUBMITTED,
            event_type="shipping_notice.submitted",
            at=at,
        )


def mark_notice_in_transit(
    notice: ShippingNotice,
    *,
    tracking_number: str = "",
    carrier: str = "",
    shipped_at: datetime | None = None,
    at: datetime | None = None,
) -> ShippingNotice:
    """Note that the goods left the supplier, with a number to track them by."""
    tracking_number = tracking_number or notice.tracking_number
    if not tracking_number:
        raise NotReceivableError(
            f"Shipping notice {notice} was not put in transit.",
            why="it has no tracking number",
            fix="give the tracking number of the carrier",
        )
    with business_transaction(reason="delivery in transit"):
        return change_status(
            notice,
            ShippingNotice.Status.IN_TRANSIT,
            event_type="shipping_notice.in_transit",
            at=at,
            tracking_number=tracking_number,
            carrier=carrier or notice.carrier,
            shipped_at=shipped_at or notice.shipped_at or at or timezone.now(),
        )


def mark_notice_delivered(
    notice: ShippingNotice, *, at: datetime | None = None
) -> ShippingNotice:
    """Note that the goods are at the door; booking them is another step."""
    when = at or timezone.now()
    if notice.shipped_at is not None and notice.shipped_at > when:
        raise InvalidDateError(
            f"Shipping notice {notice} was not delivered.",
            why=f"it left the supplier at {notice.shipped_at:%Y-%m-%d %H:%M}, later"
            f" than {when:%Y-%m-%d %H:%M}",
            fix="correct the day it was shipped, or deliver it later",
        )
    with business_transaction(reason="delivery arrived"):
        return change_status(
            notice,
            ShippingNotice.Status.DELIVERED,
            event_type="shipping_notice.delivered",
            at=at,
            delivered_at=when,
        )


def cancel_shipping_notice(
    notice: ShippingNotice, *, reason: str, at: datetime | None = None
) -> ShippingNotice:
    """Take back a notice whose goods have not left the supplier."""
    require_reason(reason, f"Shipping notice {notice} was not cancelled.")
    with business_transaction(reason=reason):
        return change_status(
            notice,
            ShippingNotice.Status.CANCELLED,
            event_type="shipping_notice.cancelled",
            at=at,
            payload={"reason": reason},
        )


def _require_open(
    order: PurchaseOrder, items: Iterable[ShippingNoticeItem], refused: str
) -> None:
    open_units = open_to_announce(order)
    too_many = [
        f"{item.purchase_order_item.variant.sku}: {item.quantity_expected} announced,"
        f" {open_units.get(item.purchase_order_item_id, 0)} open"
        for item in items
        if item.quantity_expected > open_units.get(item.purchase_order_item_id, 0)
    ]
    if too_many:
        raise QuantityNotOpenError(
            refused,
            why="; ".join(too_many),
            fix="announce at most what the order has open and no notice names yet",
        )


def _announced(order: PurchaseOrder) -> dict[UUID, int]:
    """Return how many units of each line live notices still bring."""
    return dict(
        PurchaseOrderItem.objects.filter(
            purchase_order=order,
            shipping_notice_items__shipping_notice__status__in=(
                ShippingNotice.LIVE_STATUSES
            ),
        )
        .annotate(
            coming=Sum(
                F("shipping_notice_items__quantity_expected")
                - F("shipping_notice_items__quantity_received")
                - F("shipping_notice_items__quantity_rejected")
            )
        )
        .values_list("pk", "coming")
    )
