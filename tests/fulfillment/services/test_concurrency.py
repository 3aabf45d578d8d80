"""Two at once, on real connections: one wins, the other is told, nothing doubles."""

from __future__ import annotations

import pytest

from fulfillment.errors import NotReleasableError, OverShipmentError
from fulfillment.models import FulfillmentOrder, Shipment, TrackingEvent
from fulfillment.services import (
    create_shipment,
    pack_fulfillment,
    record_tracking,
    release_order,
    ship_shipment,
)
from inventory.models import StockTransaction
from orders.errors import UnitsUnderWayError
from orders.models import Order
from orders.services import OrderLine, cancel_order
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
from tests.orders.builders import NOON, make_confirmed_order, make_stocked_variant
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
