"""Release, pick and pack."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fulfillment.errors import (
    NotReleasableError,
    OrderOnHoldError,
    PickQuantityError,
    UnderWayError,
)
from fulfillment.models import FulfillmentOrder, Shipment
from fulfillment.services import (
    cancel_fulfillment,
    close_short,
    complete_services,
    deliver_shipment,
    pack_fulfillment,
    release_order,
    ship_shipment,
    start_picking,
    stop_picking,
)
from inventory.models import StockAllocation, StockReservation
from orders.errors import UnitsUnderWayError
from orders.models import Order
from orders.services import OrderLine, cancel_order, hold_order
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.fulfillment.builders import (
    books,
    counters,
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
    make_confirmed_order,
    make_order,
    make_stocked_variant,
    make_variant,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_releasing_turns_reservations_into_allocations() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(
        lines=[OrderLine(variant, 3)], promised_at=NOON + timedelta(days=2)
    )

    released = release_order(order, priority=5, at=NOON)

    assert books(variant) == (10, 0, 3)
    assert released.fulfillment_number == "FUL-2026-000001"
    assert (released.status, released.priority) == ("pending", 5)
    assert released.ship_by == NOON + timedelta(days=2)
    assert released.location == order.location
    assert order.status == Order.Status.PROCESSING
    (allocation,) = StockAllocation.objects.all()
    assert allocation.reference_id == released.pk
    assert [allocation.reference_line_id] == lines_of(order)
    event = Event.objects.get(event_type="fulfillment_order.released")
    assert event.payload == {"order": order.order_number, "units": 3}
    assert event.occurred_at == NOON


def test_a_pending_order_is_not_released() -> None:
    order = make_order()

    with pytest.raises(NotReleasableError) as refusal:
        release_order(order)

    assert str(refusal.value) == (
        f"Order {order} was not released to the warehouse.\n"
        "  why: it is pending\n"
        "  fix: confirm the order first"
    )
    assert FulfillmentOrder.objects.count() == 0


def test_an_order_is_not_released_twice() -> None:
    order = make_confirmed_order()
    release_order(order)

    with pytest.raises(NotReleasableError) as refusal:
        release_order(order)

    assert str(refusal.value) == (
        f"Order {order} was not released to the warehouse.\n"
        "  why: no stock is reserved for it that is not released already\n"
        "  fix: look at its fulfilment orders; an order of services alone is"
        " completed without one"
    )
    assert FulfillmentOrder.objects.count() == 1


def test_an_order_of_services_alone_is_completed_without_the_warehouse() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_variant(is_stocked=False), 1)])

    with pytest.raises(NotReleasableError):
        release_order(order)
    complete_services(order, at=NOON)

    assert (order.status, order.fulfillment_status) == ("delivered", "fulfilled")


def test_an_order_with_goods_is_not_completed_as_services() -> None:
    order = make_confirmed_order()

    with pytest.raises(NotReleasableError) as refusal:
        complete_services(order)

    sku = order.items.get().sku
    assert str(refusal.value) == (
        f"Order {order} was not completed.\n"
        f"  why: it has goods to ship ({sku})\n"
        "  fix: release it to the warehouse"
    )
    order.refresh_from_db()
    assert order.status == "confirmed"


def test_a_pick_is_given_to_a_person_and_put_back() -> None:
    picker = make_user()
    released = make_released()

    start_picking(released, picker=picker, at=NOON)
    assert (released.status, released.assigned_to) == ("picking", picker)
    assert released.picking_started_at == NOON

    stop_picking(released)
    released.refresh_from_db()
    assert (released.status, released.assigned_to) == ("pending", None)
    assert released.picking_started_at is None


def test_nothing_is_picked_for_an_order_on_hold() -> None:
    order = make_confirmed_order()
    released = make_released(order)
    hold_order(order, reason="address unclear")

    with pytest.raises(OrderOnHoldError) as refusal:
        start_picking(released)

    assert str(refusal.value) == (
        f"Fulfilment order {released} was not changed.\n"
        f"  why: order {order} is on hold: address unclear\n"
        "  fix: resume the order first"
    )
    released.refresh_from_db()
    assert released.status == "pending"


def test_packing_counts_the_units_of_the_order_as_packed() -> None:
    order = make_confirmed_order()
    picking = make_picking(order)

    pack_fulfillment(picking, at=NOON)

    assert (picking.status, picking.packed_at) == ("packed", NOON)
    assert picking.status_reason == ""
    assert counters(order) == [(0, 2, 0)]


def test_what_nobody_picks_is_not_packed() -> None:
    released = make_released()

    with pytest.raises(InvalidTransitionError):
        pack_fulfillment(released)

    assert counters(released.order) == [(2, 0, 0)]


def test_a_short_pick_leaves_the_rest_reserved_and_it_can_be_released_again() -> None:
    tea, tofu = make_stocked_variant(10), make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(tea, 5), OrderLine(tofu, 2)])
    picking = make_picking(order)
    first, second = lines_of(order)

    pack_fulfillment(picking, quantities={first: 3, second: 0}, at=NOON)

    assert books(tea) == (10, 2, 3)
    assert books(tofu) == (10, 2, 0)
    assert counters(order) == [(2, 3, 0), (2, 0, 0)]
    assert picking.status_reason == (
        f"missing: 2 of line 1 ({tea.sku}); 2 of line 2 ({tofu.sku})"
    )

    again = release_order(Order.objects.get(pk=order.pk))
    assert books(tea) == (10, 0, 5)
    assert books(tofu) == (10, 0, 2)
    pack_fulfillment(start_picking(again))
    assert counters(order) == [(0, 5, 0), (0, 2, 0)]


def test_more_than_is_to_be_picked_is_not_packed() -> None:
    order = make_confirmed_order()
    picking = make_picking(order)
    (line,) = lines_of(order)
    sku = order.items.get().sku

    with pytest.raises(PickQuantityError) as refusal:
        pack_fulfillment(picking, quantities={line: 3})

    assert str(refusal.value) == (
        f"Fulfilment order {picking} was not packed.\n"
        f"  why: line 1 ({sku}): 3 picked, 2 to pick\n"
        "  fix: pack what was to be picked, or less"
    )
    assert counters(order) == [(2, 0, 0)]


def test_a_pick_of_nothing_is_not_packed() -> None:
    picking = make_picking()

    with pytest.raises(PickQuantityError) as refusal:
        pack_fulfillment(picking, quantities={})

    assert refusal.value.why == "nothing was picked"


def test_cancelling_a_pick_gives_its_stock_back_to_the_order() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    packed = make_packed(order)
    parcel = make_shipment(packed)

    cancel_fulfillment(packed, reason="wrong warehouse")

    assert books(variant) == (10, 3, 0)
    assert counters(order) == [(3, 0, 0)]
    assert (packed.status, packed.status_reason) == ("cancelled", "wrong warehouse")
    parcel.refresh_from_db()
    assert parcel.status == "cancelled"
    order.refresh_from_db()
    assert order.status == "processing"
    release_order(order)
    assert books(variant) == (10, 0, 3)


def test_a_cancelled_short_pick_adds_to_what_it_had_left_reserved() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 5)])
    picking = make_picking(order)
    pack_fulfillment(picking, quantities={lines_of(order)[0]: 3})

    cancel_fulfillment(picking, reason="damaged in packing")

    assert books(variant) == (10, 5, 0)
    assert counters(order) == [(5, 0, 0)]
    (reservation,) = StockReservation.objects.active()
    assert reservation.quantity == 5


def test_a_pick_of_which_a_part_left_is_not_cancelled() -> None:
    order = make_confirmed_order()
    packed = make_packed(order)
    parcel = make_ready(packed, quantities={lines_of(order)[0]: 1})
    ship_shipment(parcel)

    with pytest.raises(UnderWayError) as refusal:
        cancel_fulfillment(
            FulfillmentOrder.objects.get(pk=packed.pk), reason="too late"
        )

    assert str(refusal.value) == (
        f"Fulfilment order {packed} was not cancelled.\n"
        f"  why: shipment {parcel} has left\n"
        "  fix: ship the rest too; what is shipped comes back as a return"
    )
    packed.refresh_from_db()
    assert packed.status == "packed"


def test_cancelling_the_order_takes_it_back_from_the_warehouse() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    picking = make_picking(order)
    order.refresh_from_db()

    cancel_order(order, reason="customer asked")

    picking.refresh_from_db()
    assert (picking.status, picking.status_reason) == ("cancelled", "customer asked")
    assert books(variant) == (10, 0, 0)
    assert StockReservation.objects.active().count() == 0
    assert StockAllocation.objects.open().count() == 0


def test_a_packed_order_is_not_cancelled() -> None:
    order = make_confirmed_order()
    packed = make_packed(order)
    make_shipment(packed)
    order.refresh_from_db()

    with pytest.raises(UnitsUnderWayError):
        cancel_order(order, reason="customer asked")

    packed.refresh_from_db()
    assert packed.status == "packed"
    assert Shipment.objects.get().status == "pending"


def test_an_order_closed_short_is_delivered_when_all_that_left_has_arrived() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 5)])
    (line,) = lines_of(order)
    parcel = make_shipped(pack_fulfillment(make_picking(order), quantities={line: 3}))
    order.refresh_from_db()
    arrived = NOON + timedelta(days=1)
    deliver_shipment(parcel, at=arrived)

    close_short(order, reason="out of print")

    assert (order.status, order.delivered_at) == ("delivered", arrived)
    assert books(variant) == (7, 0, 0)


def test_an_order_closed_short_with_a_parcel_under_way_is_shipped() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    (line,) = lines_of(order)
    parcel = make_shipped(pack_fulfillment(make_picking(order), quantities={line: 3}))
    order.refresh_from_db()

    close_short(order, reason="out of print")
    assert order.status == "shipped"
    deliver_shipment(parcel, at=NOON + timedelta(days=1))

    order.refresh_from_db()
    assert order.status == "delivered"
