"""Scans: kept once, applied forward only, and what an arrival sets off."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from fulfillment.errors import FulfillmentError, TrackingRefusedError
from fulfillment.models import FulfillmentOrder, Shipment, TrackingEvent
from fulfillment.services import (
    cancel_shipment,
    deliver_shipment,
    record_tracking,
    register_inbound_shipment,
)
from fulfillment.signals import shipment_delivered
from orders.services import OrderLine
from stateset.lib.states import InvalidTransitionError
from tests.fulfillment.builders import (
    lines_of,
    make_packed,
    make_ready,
    make_shipment,
    make_shipped,
)
from tests.orders.builders import (
    NOON,
    default_location,
    make_confirmed_order,
    make_order,
    make_stocked_variant,
)

pytestmark = pytest.mark.django_db


def hours(number: int) -> datetime:
    return NOON + timedelta(hours=number)


def test_a_scan_moves_its_shipment() -> None:
    shipment = make_shipped()

    event = record_tracking(
        shipment,
        status="in_transit",
        occurred_at=hours(2),
        description="Departed facility",
        place="Köln",
        carrier_event_id="e1",
    )

    assert shipment.status == "in_transit"
    assert event.is_applied
    assert (event.place, event.source) == ("Köln", "carrier")


def test_a_scan_that_comes_twice_is_kept_once() -> None:
    shipment = make_shipped()
    scan: dict[str, Any] = {
        "status": "in_transit",
        "occurred_at": hours(2),
        "carrier_event_id": "e1",
    }

    first = record_tracking(shipment, **scan)
    again = record_tracking(shipment, **scan)

    assert again == first
    assert TrackingEvent.objects.count() == 1


def test_a_scan_without_an_id_is_known_by_status_time_and_place() -> None:
    shipment = make_shipped()
    scan: dict[str, Any] = {"status": "in_transit", "occurred_at": hours(2)}

    record_tracking(shipment, **scan, place="Köln")
    record_tracking(shipment, **scan, place="Köln")
    record_tracking(shipment, **scan, place="Bonn")

    assert TrackingEvent.objects.count() == 2


def test_a_late_scan_is_kept_but_not_applied() -> None:
    shipment = make_shipped()
    record_tracking(shipment, status="out_for_delivery", occurred_at=hours(9))

    late = record_tracking(shipment, status="failed", occurred_at=hours(8))

    assert shipment.status == "out_for_delivery"
    assert not late.is_applied


def test_a_scan_never_moves_a_shipment_backwards() -> None:
    shipment = make_shipped()
    record_tracking(shipment, status="out_for_delivery", occurred_at=hours(3))

    back = record_tracking(shipment, status="in_transit", occurred_at=hours(4))

    assert shipment.status == "out_for_delivery"
    assert not back.is_applied


def test_a_scan_from_before_the_parcel_left_is_not_applied() -> None:
    shipment = make_shipped()

    early = record_tracking(shipment, status="in_transit", occurred_at=hours(-1))

    assert shipment.status == "shipped"
    assert not early.is_applied


def test_a_scan_of_a_parcel_that_has_not_left_is_not_applied() -> None:
    shipment = make_ready()

    event = record_tracking(shipment, status="delivered", occurred_at=hours(1))

    assert shipment.status == "ready_to_ship"
    assert not event.is_applied


def test_after_a_failed_attempt_the_carrier_tries_again() -> None:
    shipment = make_shipped()

    record_tracking(
        shipment, status="failed", occurred_at=hours(2), description="Nobody home"
    )
    assert (shipment.status, shipment.status_reason) == ("failed", "Nobody home")
    record_tracking(shipment, status="out_for_delivery", occurred_at=hours(20))
    record_tracking(shipment, status="delivered", occurred_at=hours(22))

    assert (shipment.status, shipment.status_reason) == ("delivered", "")
    assert shipment.delivered_at == hours(22)


def test_what_only_the_warehouse_knows_is_no_scan() -> None:
    shipment = make_shipped()

    with pytest.raises(TrackingRefusedError) as refusal:
        record_tracking(shipment, status="cancelled", occurred_at=hours(2))

    assert str(refusal.value) == (
        f"The scan of shipment {shipment} was not recorded.\n"
        "  why: no carrier says 'cancelled'\n"
        "  fix: use one of: shipped, in_transit, out_for_delivery, delivered, failed,"
        " returned"
    )
    assert TrackingEvent.objects.count() == 0


def test_a_scan_from_the_future_is_refused() -> None:
    shipment = make_shipped()
    tomorrow = timezone.now() + timedelta(days=1)

    with pytest.raises(TrackingRefusedError) as refusal:
        record_tracking(shipment, status="delivered", occurred_at=tomorrow)

    assert refusal.value.why == (
        f"its time, {tomorrow:%Y-%m-%d %H:%M %Z}, has not come yet"
    )
    assert TrackingEvent.objects.count() == 0


def test_the_last_arrival_delivers_the_order() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    packed = make_packed(order)
    (line,) = lines_of(order)
    first = make_shipped(packed, quantities={line: 3})
    cancel_shipment(make_shipment(packed), reason="box too small")
    second = make_shipped(packed)

    record_tracking(first, status="delivered", occurred_at=hours(20))
    order.refresh_from_db()
    assert order.status == "shipped"

    record_tracking(second, status="delivered", occurred_at=hours(30))
    order.refresh_from_db()
    assert (order.status, order.delivered_at) == ("delivered", hours(30))


def test_an_arrival_is_told_to_the_apps_above() -> None:
    shipment = make_shipped()
    told: list[Any] = []

    def listen(shipment: Shipment, at: datetime, **_: Any) -> None:
        told.append((shipment.pk, at))

    shipment_delivered.connect(listen)
    try:
        deliver_shipment(shipment, at=hours(5))
    finally:
        shipment_delivered.disconnect(listen)

    assert told == [(shipment.pk, hours(5))]


def test_an_arrival_confirmed_by_hand_leaves_a_scan() -> None:
    shipment = make_shipped()

    deliver_shipment(shipment, at=hours(5))

    assert (shipment.status, shipment.delivered_at) == ("delivered", hours(5))
    event = shipment.tracking.get()
    assert (event.status, event.source, event.is_applied) == (
        "delivered",
        "manual",
        True,
    )


def test_a_parcel_does_not_arrive_before_it_left() -> None:
    shipment = make_shipped()

    with pytest.raises(FulfillmentError) as refusal:
        deliver_shipment(shipment, at=hours(-1))

    assert str(refusal.value) == (
        f"Shipment {shipment} was not marked as delivered.\n"
        "  why: it left on 2026-11-20 12:00 UTC, after that\n"
        "  fix: give a time after it left"
    )
    assert TrackingEvent.objects.count() == 0


def test_a_parcel_arrives_once() -> None:
    shipment = make_shipped()
    deliver_shipment(shipment, at=hours(5))

    with pytest.raises(InvalidTransitionError):
        deliver_shipment(shipment, at=hours(6))

    assert shipment.tracking.count() == 1


def test_a_parcel_that_comes_back_undelivered_does_not_deliver_the_order() -> None:
    shipment = make_shipped()

    record_tracking(shipment, status="failed", occurred_at=hours(2))
    record_tracking(shipment, status="returned", occurred_at=hours(50))

    assert shipment.status == "returned"
    shipment.order.refresh_from_db()
    assert shipment.order.status == "shipped"


def test_a_parcel_that_comes_back_is_not_waited_for() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    packed = make_packed(order)
    (line,) = lines_of(order)
    first = make_shipped(packed, quantities={line: 3})
    second = make_shipped(packed)
    record_tracking(first, status="delivered", occurred_at=hours(20))
    record_tracking(second, status="failed", occurred_at=hours(21))
    order.refresh_from_db()
    assert order.status == "shipped"

    record_tracking(second, status="returned", occurred_at=hours(50))

    order.refresh_from_db()
    assert order.status == "delivered"


def test_a_parcel_does_not_arrive_by_hand_before_it_was_scanned() -> None:
    shipment = make_shipped()
    record_tracking(shipment, status="in_transit", occurred_at=hours(5))

    with pytest.raises(FulfillmentError) as refusal:
        deliver_shipment(shipment, at=hours(4))

    assert refusal.value.why == (
        "it was last scanned on 2026-11-20 17:00 UTC, after that"
    )
    assert shipment.tracking.count() == 1


def test_a_parcel_scanned_by_a_clock_ahead_arrives_by_hand_all_the_same() -> None:
    shipment = make_shipped()
    ahead = timezone.now() + timedelta(minutes=30)
    record_tracking(shipment, status="in_transit", occurred_at=ahead)

    deliver_shipment(shipment)

    assert (shipment.status, shipment.delivered_at) == ("delivered", ahead)


def test_a_customers_parcel_leaves_with_its_first_scan() -> None:
    order = make_order()
    inbound = register_inbound_shipment(order, location=default_location(), at=NOON)

    event = record_tracking(inbound, status="in_transit", occurred_at=hours(3))

    assert (inbound.status, inbound.shipped_at) == ("in_transit", hours(3))
    assert event.is_applied
    deliver_shipment(inbound, at=hours(9))
    assert inbound.status == "delivered"
    order.refresh_from_db()
    assert order.status == "pending"


def test_what_is_late_is_known_by_its_estimate() -> None:
    late = make_shipped(estimated_delivery_at=hours(24))
    make_shipped(estimated_delivery_at=hours(48))
    deliver_shipment(make_shipped(estimated_delivery_at=hours(24)), at=hours(30))
    queued = make_packed()
    FulfillmentOrder.objects.filter(pk=queued.pk).update(ship_by=hours(24))

    assert list(Shipment.objects.late(hours(25))) == [late]
    assert list(FulfillmentOrder.objects.late(hours(25))) == [queued]
