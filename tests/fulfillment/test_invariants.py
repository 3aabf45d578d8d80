from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from fulfillment.invariants import invariants
from fulfillment.models import (
    FulfillmentOrder,
    Shipment,
    ShipmentItem,
    TrackingEvent,
)
from fulfillment.services import (
    cancel_fulfillment,
    cancel_shipment,
    deliver_shipment,
    pack_fulfillment,
    record_tracking,
    register_inbound_shipment,
)
from inventory.models import StockAllocation
from orders.models import Order, OrderItem
from orders.services import OrderLine, cancel_order
from tests.fulfillment.builders import (
    lines_of,
    make_packed,
    make_picking,
    make_ready,
    make_released,
    make_shipment,
    make_shipped,
)
from tests.orders.builders import (
    NOON,
    default_location,
    make_confirmed_order,
    make_stocked_variant,
)

pytestmark = pytest.mark.django_db


def violations() -> dict[str, list[str]]:
    """Return what breaks which rule, without the rules that hold."""
    found = {rule.name: [str(each) for each in rule.find()] for rule in invariants()}
    return {name: broken for name, broken in found.items() if broken}


def test_whatever_the_services_do_the_books_hold() -> None:
    make_picking()
    make_ready()
    cancel_fulfillment(make_packed(), reason="wrong warehouse")
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    (line,) = lines_of(order)
    short = pack_fulfillment(make_picking(order), quantities={line: 3})
    parcel = make_shipped(short, quantities={line: 1})
    record_tracking(parcel, status="in_transit", occurred_at=NOON + timedelta(hours=2))
    record_tracking(parcel, status="in_transit", occurred_at=NOON + timedelta(hours=1))
    arrived = deliver_shipment(make_shipped(), at=NOON + timedelta(days=1))
    register_inbound_shipment(
        arrived.order,
        location=default_location(),
        quantities={lines_of(arrived.order)[0]: 1},
    )
    gone = make_released()
    gone.order.refresh_from_db()
    cancel_order(gone.order, reason="customer asked")

    assert violations() == {}


def test_a_cancelled_order_still_in_the_warehouse_is_found() -> None:
    pick = make_released()
    parcel = make_ready()
    Order.objects.update(status="cancelled")

    assert violations() == {
        "fulfillment.cancelled_orders": [
            f"{pick.order}: is cancelled, {pick} is pending",
            f"{parcel.order}: is cancelled, {parcel.fulfillment_order} is packed",
            f"{parcel.order}: is cancelled, {parcel} is ready_to_ship",
        ]
    }


def test_stock_held_for_a_closed_pick_is_found() -> None:
    pick = make_released()
    FulfillmentOrder.objects.update(status="cancelled")
    allocation = StockAllocation.objects.get()

    assert violations() == {
        "fulfillment.open_allocations": [
            f"{allocation}: is held for fulfilment order {pick.pk}, not open"
        ]
    }


def test_a_delivered_order_with_a_parcel_under_way_is_found() -> None:
    parcel = make_shipped()
    Order.objects.update(status="delivered")

    assert violations() == {
        "fulfillment.delivered_orders": [
            f"{parcel.order}: is delivered, {parcel} is shipped"
        ]
    }


def test_a_parcel_that_left_empty_is_found() -> None:
    parcel = make_shipped()
    ShipmentItem.objects.all().delete()

    assert violations() == {
        "fulfillment.empty_parcels": [f"{parcel}: left with nothing in it"],
        "fulfillment.shipped_stock": [
            f"{parcel}: 0 units left, 2 were taken from stock"
        ],
    }


def test_a_scan_that_moved_a_parcel_back_is_found() -> None:
    parcel = make_shipped()
    record_tracking(parcel, status="failed", occurred_at=NOON + timedelta(hours=2))
    TrackingEvent.objects.create(
        shipment=parcel,
        status="in_transit",
        occurred_at=NOON + timedelta(hours=1),
        is_applied=True,
    )

    assert violations() == {
        "fulfillment.forward_scans": [
            f"{parcel}: was moved to in_transit by a scan older than the one before"
        ]
    }


def test_a_status_that_no_scan_explains_is_found() -> None:
    parcel = make_shipped()
    record_tracking(parcel, status="failed", occurred_at=NOON + timedelta(hours=1))
    Shipment.objects.update(status="in_transit")

    assert violations() == {
        "fulfillment.tracking": [f"{parcel}: is in_transit, its last scan says failed"]
    }


def test_a_cancelled_parcel_of_a_line_hides_no_other_one() -> None:
    pick = make_packed()
    cancel_shipment(make_shipment(pick), reason="wrong box")
    parcel = make_shipment(pick)
    assert violations() == {}

    parcel.items.update(quantity=F("quantity") + 1)

    line = OrderItem.objects.get()
    assert violations() == {
        "fulfillment.parcel_units": [f"{line}: 3 in parcels, 2 ordered"]
    }


def test_units_that_were_never_ordered_or_shipped_are_found() -> None:
    parcel = make_shipped()
    ShipmentItem.objects.update(quantity=F("quantity") + 1)
    line = OrderItem.objects.get()

    assert violations() == {
        "fulfillment.parcel_units": [f"{line}: 3 in parcels, 2 ordered"],
        "fulfillment.shipped_units": [f"{line}: 3 left, 2 count as shipped"],
        "fulfillment.shipped_stock": [
            f"{parcel}: 3 units left, 2 were taken from stock"
        ],
    }
