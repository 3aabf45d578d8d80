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

DELIVERED = Shipment.Status.DELIVERED

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
    """Confirm by hand that a shipment has arrived: now, or at a time after its scans.

    The clock of a carrier may be ahead: then it arrives with the last scan.
    """
    with business_transaction():
        lock_row(shipment.order)
        lock_row(shipment)
        moment = at or max(filter(None, (timezone.now(), _last_seen(shipment))))
        _leave_with_customer(shipment, Shipment.Status.DELIVERED, moment)
        require_transition(shipment, Shipment.Status.DELIVERED)
        _require_after(shipment, moment)
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
    last = _last_seen(shipment)
    if last is not None:
        return occurred_at > last
    return occurred_at >= shipment.shipped_at


def _last_seen(shipment: Shipment) -> datetime | None:
    """Return when the scan was made that moved the shipment last."""
    applied = shipment.tracking.filter(is_applied=True).order_by("-occurred_at")
    return applied.values_list("occurred_at", flat=True).first()


def _require_after(shipment: Shipment, moment: datetime) -> None:
    """Raise FulfillmentError if the shipment left, or was seen, later than that."""
    seen = _last_seen(shipment)
    for then, happened in ((shipment.shipped_at, "left"), (seen, "was last scanned")):
        if then is not None and moment < then:
            raise FulfillmentError(
                f"Shipment {shipment} was not marked as delivered.",
                why=f"it {happened} on {then:%Y-%m-%d %H:%M} UTC, after that",
                fix=f"give a time after it {happened}",
            )


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
    if shipment.direction == Shipment.Direction.INBOUND:
        return
    if delivered or event.status == Shipment.Status.RETURNED:
        deliver_with_last_parcel(shipment.order)
    if delivered:
        shipment_delivered.send(
            sender=Shipment, shipment=shipment, at=event.occurred_at
        )


def deliver_with_last_parcel(order: Order) -> Order:
    """Deliver a shipped order once no parcel is under way, unless none has arrived.

    A parcel that came back undelivered is not waited for.
    """
    ended = (Shipment.Status.CANCELLED, Shipment.Status.RETURNED)
    lock_row(order)
    parcels = order.shipments.filter(direction=Shipment.Direction.OUTBOUND)
    arrived = dict(
        parcels.exclude(status__in=ended)
        .order_by("delivered_at")
        .values_list("status", "delivered_at")
    )
    if order.status == Order.Status.SHIPPED and set(arrived) == {DELIVERED}:
        record_delivered(order, at=arrived[DELIVERED])
    return order
