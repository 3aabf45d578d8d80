"""Where carriers saw shipments, and what that makes of them.

Scans arrive late, twice and out of order: each is kept, and moves its shipment
only forward and only if it is newer than the one that moved it last.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from fulfillment.errors import FulfillmentError, TrackingRefusedError
from fulfillment.models import Shipment, TrackingEvent
from fulfillment.services.shipping import ship_shipment
from fulfillment.signals import shipment_delivered
from orders.models import Order
from orders.services import record_delivered
from stateset.lib.journal import business_transaction
from stateset.lib.states import legal_next, require_transition
from stateset.system.services import change_status
from stateset.system.services.locks import lock_row

SCANNED_STATUSES = (
    Shipment.Status.SHIPPED,
    Shipment.Status.IN_TRANSIT,
    Shipment.Status.OUT_FOR_DELIVERY,
    Shipment.Status.DELIVERED,
    Shipment.Status.FAILED,
    Shipment.Status.RETURNED,
)
"""What a carrier can say; the others are known in the warehouse alone."""

CLOCKS_DIFFER_BY = timedelta(hours=1)


def record_tracking(
    shipment: Shipment,
    *,
    status: str,
    occurred_at: datetime,
    description: str = "",
    place: str = "",
    carrier_event_id: str = "",
    source: str = TrackingEvent.Source.CARRIER,
) -> TrackingEvent:
    """Keep a scan, and move the shipment if the scan is news.

    The same scan again, by ``carrier_event_id`` or else by status, time and place,
    is returned and kept once. Raises TrackingRefusedError for what can't be.
    """
    _require_possible(shipment, status, occurred_at)
    with business_transaction():
        lock_row(shipment.order)
        lock_row(shipment)
        earlier = _earlier(shipment, status, occurred_at, place, carrier_event_id)
        if earlier is not None:
            return earlier
        _leave_with_customer(shipment, status, occurred_at)
        event = TrackingEvent.objects.create(
            shipment=shipment,
            carrier_event_id=carrier_event_id,
            status=status,
            description=description[:255],
            place=place[:255],
            source=source,
            is_applied=_is_news(shipment, status, occurred_at),
            occurred_at=occurred_at,
        )
        if event.is_applied:
            _apply(shipment, event)
    return event


def deliver_shipment(shipment: Shipment, *, at: datetime | None = None) -> Shipment:
    """Confirm by hand that a shipment has arrived."""
    moment = at or timezone.now()
    with business_transaction():
        lock_row(shipment.order)
        lock_row(shipment)
        _leave_with_customer(shipment, Shipment.Status.DELIVERED, moment)
        require_transition(shipment, Shipment.Status.DELIVERED)
        if shipment.shipped_at is not None and moment < shipment.shipped_at:
            raise FulfillmentError(
                f"Shipment {shipment} was not marked as delivered.",
                why=f"it left on {shipment.shipped_at:%Y-%m-%d %H:%M} UTC, after that",
                fix="give a time after it left",
            )
        event = TrackingEvent.objects.create(
            shipment=shipment,
            status=Shipment.Status.DELIVERED,
            source=TrackingEvent.Source.MANUAL,
            is_applied=True,
            occurred_at=moment,
        )
        _apply(shipment, event)
    return shipment


def _require_possible(shipment: Shipment, status: str, occurred_at: datetime) -> None:
    refused = f"The scan of shipment {shipment} was not recorded."
    if status not in SCANNED_STATUSES:
        raise TrackingRefusedError(
            refused,
            why=f"no carrier says {status!r}",
            fix="use one of: " + ", ".join(SCANNED_STATUSES),
        )
    if occurred_at > timezone.now() + CLOCKS_DIFFER_BY:
        raise TrackingRefusedError(
            refused,
            why=f"its time, {occurred_at:%Y-%m-%d %H:%M %Z}, has not come yet",
            fix="correct the time, or its time zone",
        )


def _earlier(
    shipment: Shipment,
    status: str,
    occurred_at: datetime,
    place: str,
    carrier_event_id: str,
) -> TrackingEvent | None:
    events = shipment.tracking.filter(carrier_event_id=carrier_event_id)
    if not carrier_event_id:
        events = events.filter(
            status=status, occurred_at=occurred_at, place=place[:255]
        )
    return events.first()


def _leave_with_customer(shipment: Shipment, status: str, at: datetime) -> None:
    """Send a customer's parcel with its first scan: nobody here sees it leave."""
    if (
        shipment.direction == Shipment.Direction.INBOUND
        and shipment.status == Shipment.Status.READY_TO_SHIP
        and status in SCANNED_STATUSES
    ):
        ship_shipment(shipment, at=at)


def _is_news(shipment: Shipment, status: str, occurred_at: datetime) -> bool:
    if status not in legal_next(shipment) or shipment.shipped_at is None:
        return False
    last = (
        shipment.tracking.filter(is_applied=True)
        .order_by("-occurred_at")
        .values_list("occurred_at", flat=True)
        .first()
    )
    if last is not None:
        return occurred_at > last
    return occurred_at >= shipment.shipped_at


def _apply(shipment: Shipment, event: TrackingEvent) -> None:
    delivered = event.status == Shipment.Status.DELIVERED
    change_status(
        shipment,
        event.status,
        event_type=f"shipment.{event.status}",
        at=event.occurred_at,
        payload={"place": event.place} if event.place else None,
        status_reason=event.description
        if event.status == Shipment.Status.FAILED
        else "",
        delivered_at=event.occurred_at if delivered else None,
    )
    if delivered and shipment.direction == Shipment.Direction.OUTBOUND:
        _tell_of_arrival(shipment, event.occurred_at)


def _tell_of_arrival(shipment: Shipment, at: datetime) -> None:
    order = lock_row(shipment.order)
    under_way = order.shipments.filter(direction=Shipment.Direction.OUTBOUND).exclude(
        status__in=(
            Shipment.Status.DELIVERED,
            Shipment.Status.CANCELLED,
            Shipment.Status.RETURNED,
        )
    )
    if order.status == Order.Status.SHIPPED and not under_way.exists():
        record_delivered(order, at=at)
    shipment_delivered.send(sender=Shipment, shipment=shipment, at=at)
