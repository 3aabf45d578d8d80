"""Two at once, on real connections: one wins, the other is told, nothing doubles."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fulfillment.errors import (
    NotReleasableError,
    OverShipmentError,
    TrackingNumberTakenError,
    UnderWayError,
)
from fulfillment.models import FulfillmentOrder, Shipment, TrackingEvent
from fulfillment.services import (
    cancel_fulfillment,
    cancel_shipment,
    close_short,
    complete_services,
    create_shipment,
    deliver_shipment,
    pack_fulfillment,
    record_tracking,
    release_order,
    ship_shipment,
)
from inventory.models import StockTransaction
from orders.errors import UnitsUnderWayError
from orders.models import Order
from orders.services import OrderLine, cancel_order, hold_order
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from stateset.system.services.transitions import ChangedMeanwhileError
from tests.fulfillment.builders import (
    books,
    counters,
    lines_of,
    make_packed,
    make_picking,
    make_ready,
    make_shipped,
    units,
)
from tests.orders.builders import (
    NOON,
    make_confirmed_order,
    make_stocked_variant,
    make_variant,
)
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_releases_one_takes_the_reserved_stock() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    one, other = (Order.objects.get(pk=order.pk) for _ in range(2))

    results = at_once(lambda: release_order(one), lambda: release_order(other))

    assert refusals(results) == [NotReleasableError]
    assert FulfillmentOrder.objects.count() == 1
    assert books(variant) == (10, 0, 3)


def test_of_two_packings_one_is_told_and_units_are_packed_once() -> None:
    order = make_confirmed_order()
    key = make_picking(order).pk
    one, other = (FulfillmentOrder.objects.get(pk=key) for _ in range(2))

    results = at_once(lambda: pack_fulfillment(one), lambda: pack_fulfillment(other))

    assert refusals(results) == [ChangedMeanwhileError]
    assert counters(order) == [(0, 2, 0)]
    assert Event.objects.filter(event_type="fulfillment_order.packed").count() == 1


def test_two_parcels_at_once_hold_no_more_than_is_packed() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    packed = make_packed(order)
    (line,) = lines_of(order)
    one, other = (FulfillmentOrder.objects.get(pk=packed.pk) for _ in range(2))

    results = at_once(
        lambda: create_shipment(one, quantities={line: 3}),
        lambda: create_shipment(other, quantities={line: 3}),
    )

    assert refusals(results) == [OverShipmentError]
    assert [units(row) for row in Shipment.objects.all()] == [{line: 3}]


def test_of_two_shippings_one_is_told_and_stock_leaves_once() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    key = make_ready(make_packed(order)).pk
    one, other = (Shipment.objects.get(pk=key) for _ in range(2))

    results = at_once(lambda: ship_shipment(one), lambda: ship_shipment(other))

    assert refusals(results) == [ChangedMeanwhileError]
    assert books(variant) == (7, 0, 0)
    assert counters(order) == [(0, 0, 3)]
    assert StockTransaction.objects.filter(transaction_type="ship").count() == 1


def test_one_scan_sent_by_several_workers_is_kept_once() -> None:
    key = make_shipped().pk
    copies = [Shipment.objects.get(pk=key) for _ in range(4)]

    results = at_once(
        *[
            lambda copy=copy: record_tracking(
                copy, status="delivered", occurred_at=NOON, carrier_event_id="e1"
            )
            for copy in copies
        ]
    )

    assert refusals(results) == []
    assert TrackingEvent.objects.count() == 1
    assert Order.objects.get().status == "delivered"
    assert Event.objects.filter(event_type="order.delivered").count() == 1


def test_packing_and_cancelling_at_once_leave_one_of_the_two() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    picking = FulfillmentOrder.objects.get(pk=make_picking(order).pk)
    order.refresh_from_db()

    results = at_once(
        lambda: pack_fulfillment(picking),
        lambda: cancel_order(order, reason="customer asked"),
    )

    assert len(refusals(results)) == 1
    assert refusals(results)[0] in (
        UnitsUnderWayError,
        ChangedMeanwhileError,
        InvalidTransitionError,
    )
    order.refresh_from_db()
    packed = order.status == "processing"
    assert books(variant) == ((10, 0, 3) if packed else (10, 0, 0))
    assert counters(order) == [(0, 3, 0) if packed else (0, 0, 0)]
    assert FulfillmentOrder.objects.get().status == (
        "packed" if packed else "cancelled"
    )


def test_a_parcel_is_sent_or_cancelled_and_not_both() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    key = make_ready(make_packed(order)).pk
    one, other = (Shipment.objects.get(pk=key) for _ in range(2))

    results = at_once(
        lambda: ship_shipment(one),
        lambda: cancel_shipment(other, reason="wrong box"),
    )

    assert len(refusals(results)) == 1
    assert set(refusals(results)) <= {ChangedMeanwhileError, InvalidTransitionError}
    has_left = Shipment.objects.get().status == "shipped"
    assert books(variant) == ((7, 0, 0) if has_left else (10, 0, 3))
    assert counters(order) == [(0, 0, 3) if has_left else (0, 3, 0)]


def test_a_pick_is_taken_back_or_sent_and_not_both() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    parcel = make_ready(make_packed(order))
    pick = FulfillmentOrder.objects.get()
    parcel.refresh_from_db()

    results = at_once(
        lambda: ship_shipment(parcel),
        lambda: cancel_fulfillment(pick, reason="wrong warehouse"),
    )

    assert len(refusals(results)) == 1
    assert set(refusals(results)) <= {
        ChangedMeanwhileError,
        InvalidTransitionError,
        UnderWayError,
    }
    has_left = Shipment.objects.get().status == "shipped"
    assert books(variant) == ((7, 0, 0) if has_left else (10, 3, 0))
    assert counters(order) == [(0, 0, 3) if has_left else (3, 0, 0)]
    assert FulfillmentOrder.objects.get().status == (
        "shipped" if has_left else "cancelled"
    )


def test_two_parcels_of_one_pick_sent_at_once_both_leave() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 5)])
    packed = make_packed(order)
    (line,) = lines_of(order)
    first = make_ready(packed, quantities={line: 2})
    second = make_ready(packed)
    one, other = (Shipment.objects.get(pk=row.pk) for row in (first, second))

    results = at_once(lambda: ship_shipment(one), lambda: ship_shipment(other))

    assert refusals(results) == []
    assert books(variant) == (5, 0, 0)
    assert Order.objects.get().status == "shipped"
    assert FulfillmentOrder.objects.get().status == "shipped"
    assert Event.objects.filter(event_type="order.shipped").count() == 1


def test_a_held_order_sends_nothing_that_had_not_left_before() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    parcel = Shipment.objects.get(pk=make_ready(make_packed(order)).pk)
    order.refresh_from_db()

    results = at_once(
        lambda: ship_shipment(parcel),
        lambda: hold_order(order, reason="credit check"),
    )

    assert len(refusals(results)) == 1
    is_held = Order.objects.get().status == "on_hold"
    assert books(variant) == ((10, 0, 3) if is_held else (7, 0, 0))
    assert Shipment.objects.get().status == ("ready_to_ship" if is_held else "shipped")


def test_a_label_used_twice_at_once_is_on_one_parcel() -> None:
    picks = [FulfillmentOrder.objects.get(pk=make_packed().pk) for _ in range(4)]

    results = at_once(
        *[
            lambda pick=pick: create_shipment(
                pick, carrier="DHL", tracking_number="0001"
            )
            for pick in picks
        ]
    )

    assert refusals(results) == [TrackingNumberTakenError] * 3
    assert Shipment.objects.count() == 1


def test_scans_of_several_workers_leave_a_shipment_where_it_was_seen_last() -> None:
    key = make_shipped().pk
    seen = [
        ("in_transit", 1),
        ("in_transit", 2),
        ("failed", 3),
        ("out_for_delivery", 4),
        ("in_transit", 5),
        ("out_for_delivery", 6),
        ("failed", 7),
        ("delivered", 8),
    ]
    copies = [Shipment.objects.get(pk=key) for _ in seen]

    results = at_once(
        *[
            lambda copy=copy, status=status, hour=hour: record_tracking(
                copy, status=status, occurred_at=NOON + timedelta(hours=hour)
            )
            for copy, (status, hour) in zip(copies, seen, strict=True)
        ]
    )

    assert refusals(results) == []
    assert Shipment.objects.get().status == "delivered"
    moved = TrackingEvent.objects.filter(is_applied=True).order_by("id")
    times = list(moved.values_list("occurred_at", flat=True))
    assert times == sorted(times)
    assert TrackingEvent.objects.count() == len(seen)


def test_of_many_who_say_that_it_arrived_one_is_heard() -> None:
    key = make_shipped().pk
    copies = [Shipment.objects.get(pk=key) for _ in range(4)]

    results = at_once(*[lambda copy=copy: deliver_shipment(copy) for copy in copies])

    assert refusals(results) == [InvalidTransitionError] * 3
    assert Event.objects.filter(event_type="order.delivered").count() == 1


def test_an_order_of_services_is_completed_once() -> None:
    service = OrderLine(make_variant(is_stocked=False), 1)
    key = make_confirmed_order(lines=[service]).pk
    one, other = (Order.objects.get(pk=key) for _ in range(2))

    results = at_once(lambda: complete_services(one), lambda: complete_services(other))

    assert refusals(results) == [NotReleasableError]
    assert Order.objects.get().status == "delivered"


def test_the_rest_is_released_or_given_up_and_not_both() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 5)])
    (line,) = lines_of(order)
    make_shipped(pack_fulfillment(make_picking(order), quantities={line: 3}))
    one, other = (Order.objects.get(pk=order.pk) for _ in range(2))

    results = at_once(
        lambda: close_short(one, reason="out of print"), lambda: release_order(other)
    )

    assert len(refusals(results)) == 1
    assert set(refusals(results)) <= {NotReleasableError, UnitsUnderWayError}
    is_closed = Order.objects.get().status == "shipped"
    assert books(variant) == ((7, 0, 0) if is_closed else (7, 0, 2))
    assert counters(order) == [(0, 0, 3) if is_closed else (2, 0, 3)]
