"""Parcels: what is in them, and what leaves with them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from fulfillment.errors import (
    FulfillmentError,
    OverShipmentError,
    ShipmentEmptyError,
    TrackingNumberTakenError,
    UnderWayError,
)
from fulfillment.models import Shipment
from fulfillment.services import (
    cancel_shipment,
    create_shipment,
    mark_ready,
    register_inbound_shipment,
    ship_shipment,
)
from inventory.models import StockTransaction
from orders.errors import OrderStateError
from orders.services import OrderLine, hold_order
from orders.signals import order_cancelling
from stateset.lib.states import InvalidTransitionError
from tests.fulfillment.builders import (
    books,
    counters,
    lines_of,
    make_packed,
    make_ready,
    make_released,
    make_shipment,
    make_shipped,
    units,
)
from tests.orders.builders import (
    NOON,
    default_location,
    make_address,
    make_confirmed_order,
    make_customer,
    make_order,
    make_stocked_variant,
)

pytestmark = pytest.mark.django_db


def test_a_shipment_holds_everything_packed() -> None:
    customer = make_customer(company="Alfreds Futterkiste")
    address = make_address(customer, is_default_shipping=True)
    order = make_confirmed_order(
        customer=customer,
        lines=[
            OrderLine(make_stocked_variant(weight_grams=250), 2),
            OrderLine(make_stocked_variant(weight_grams=1000), 1),
        ],
    )
    packed = make_packed(order)

    shipment = create_shipment(
        packed,
        carrier="UPS",
        service="Ground",
        tracking_number="1Z999",
        shipping_cost=Decimal("12.345"),
        estimated_delivery_at=NOON + timedelta(days=3),
        at=NOON,
    )

    first, second = lines_of(order)
    assert units(shipment) == {first: 2, second: 1}
    assert shipment.shipment_number == "SHP-2026-000001"
    assert (shipment.status, shipment.direction) == ("pending", "outbound")
    assert shipment.weight_grams == 1500
    assert shipment.shipping_cost == Decimal("12.35")
    assert shipment.ship_to == {
        "company": "Alfreds Futterkiste",
        "line1": address.line1,
        "city": address.city,
        "postal_code": address.postal_code,
        "country_code": address.country_code,
    }
    assert counters(order) == [(0, 2, 0), (0, 1, 0)]


def test_the_weight_is_open_when_a_variant_has_none() -> None:
    assert make_shipment().weight_grams is None


def test_nothing_is_shipped_that_is_not_packed() -> None:
    released = make_released()

    with pytest.raises(FulfillmentError) as refusal:
        create_shipment(released)

    assert str(refusal.value) == (
        f"No shipment was made of {released}.\n"
        "  why: it is to pick, not packed\n"
        "  fix: pack it first"
    )
    assert Shipment.objects.count() == 0


def test_parcels_together_hold_no_more_than_is_packed() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    packed = make_packed(order)
    (line,) = lines_of(order)
    sku = order.items.get().sku
    make_shipment(packed, quantities={line: 3})

    with pytest.raises(OverShipmentError) as refusal:
        create_shipment(packed, quantities={line: 3})

    assert str(refusal.value) == (
        f"No shipment was made of {packed}.\n"
        f"  why: line 1 ({sku}): 3 asked, 2 packed and in no other shipment\n"
        "  fix: ship what is packed, or less"
    )
    assert units(make_shipment(packed)) == {line: 2}
    with pytest.raises(ShipmentEmptyError) as empty:
        create_shipment(packed)
    assert empty.value.why == "everything packed is in a shipment already"
    assert Shipment.objects.count() == 2


def test_a_line_of_another_order_is_not_shipped() -> None:
    packed = make_packed()
    (foreign,) = lines_of(make_confirmed_order())

    with pytest.raises(OverShipmentError) as refusal:
        create_shipment(packed, quantities={foreign: 1})

    assert refusal.value.why == (
        "a line of another order: 1 asked, 0 packed and in no other shipment"
    )


def test_what_left_is_not_put_into_a_parcel_again() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    packed = make_packed(order)
    (line,) = lines_of(order)
    make_shipped(packed, quantities={line: 3})

    with pytest.raises(OverShipmentError):
        create_shipment(packed, quantities={line: 3})

    assert units(make_shipment(packed)) == {line: 2}


def test_a_cancelled_parcel_frees_its_goods_for_another() -> None:
    packed = make_packed()
    first = make_ready(packed)

    cancel_shipment(first, reason="box too small")

    assert (first.status, first.status_reason) == ("cancelled", "box too small")
    assert units(make_shipment(packed)) == units(first)


def test_a_tracking_number_is_used_once_for_a_carrier() -> None:
    shipment = make_shipment(tracking_number="1Z999")
    packed = make_packed()

    with pytest.raises(TrackingNumberTakenError) as refusal:
        create_shipment(packed, carrier="UPS", tracking_number="1Z999")

    assert str(refusal.value) == (
        "The shipment was not created.\n"
        f"  why: shipment {shipment} has the tracking number 1Z999 already\n"
        "  fix: correct the number, or look at that shipment"
    )
    create_shipment(packed, carrier="DHL", tracking_number="1Z999")


def test_only_shipping_moves_stock() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    packed = make_packed(order)
    shipment = make_ready(packed, tracking_number="1Z999")
    assert books(variant) == (10, 0, 3)

    ship_shipment(shipment, at=NOON)

    assert books(variant) == (7, 0, 0)
    assert (shipment.status, shipment.shipped_at) == ("shipped", NOON)
    assert counters(order) == [(0, 0, 3)]
    packed.refresh_from_db()
    assert (packed.status, packed.shipped_at) == ("shipped", NOON)
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == ("shipped", "fulfilled")
    assert order.tracking_number == "1Z999"
    entry = StockTransaction.objects.get(transaction_type="ship")
    assert (entry.reference_type, entry.reference_id) == ("shipment", shipment.pk)
    assert (entry.on_hand_delta, entry.occurred_at) == (-3, NOON)


def test_an_order_is_shipped_with_its_last_parcel() -> None:
    order = make_confirmed_order(lines=[OrderLine(make_stocked_variant(10), 5)])
    packed = make_packed(order)
    (line,) = lines_of(order)

    make_shipped(packed, quantities={line: 3})

    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == (
        "processing",
        "partially_fulfilled",
    )
    packed.refresh_from_db()
    assert packed.status == "packed"

    make_shipped(packed)

    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == ("shipped", "fulfilled")
    packed.refresh_from_db()
    assert packed.status == "shipped"


def test_a_parcel_without_a_label_does_not_leave() -> None:
    shipment = make_shipment()

    with pytest.raises(InvalidTransitionError) as refusal:
        ship_shipment(shipment)

    assert str(refusal.value) == (
        f"Shipment {shipment} was not changed to shipped.\n"
        "  why: it is pending\n"
        "  fix: reload the page; from here it can become cancelled, ready_to_ship"
    )


def test_a_parcel_of_an_order_on_hold_does_not_leave() -> None:
    variant = make_stocked_variant(10)
    order = make_confirmed_order(lines=[OrderLine(variant, 3)])
    shipment = make_ready(make_packed(order))
    order.refresh_from_db()
    hold_order(order, reason="payment disputed")

    with pytest.raises(OrderStateError) as refusal:
        ship_shipment(shipment)

    assert str(refusal.value) == (
        f"Nothing of order {order} was shipped.\n"
        "  why: it is on hold, not in work\n"
        "  fix: resume the order first"
    )
    assert books(variant) == (10, 0, 3)
    shipment.refresh_from_db()
    assert shipment.status == "ready_to_ship"


def test_a_shipment_without_items_does_not_leave() -> None:
    shipment = make_shipment()
    shipment.items.all().delete()
    mark_ready(shipment)

    with pytest.raises(ShipmentEmptyError) as refusal:
        ship_shipment(shipment)

    assert refusal.value.what == f"Shipment {shipment} was not shipped."


def test_a_parcel_that_left_is_not_cancelled() -> None:
    shipment = make_shipped()

    with pytest.raises(InvalidTransitionError):
        cancel_shipment(shipment, reason="too late")

    shipment.refresh_from_db()
    assert shipment.status == "shipped"


def test_packed_goods_veto_the_cancellation_of_their_order() -> None:
    packed = make_packed()

    with pytest.raises(UnderWayError) as refusal:
        order_cancelling.send(
            sender=None, order=packed.order, reason="customer asked", at=NOON
        )

    assert refusal.value.why == f"fulfilment order {packed} is packed"


def test_a_parcel_from_a_customer_moves_no_stock() -> None:
    variant = make_stocked_variant(10)
    order = make_order(lines=[OrderLine(variant, 3)])
    (line,) = lines_of(order)

    inbound = register_inbound_shipment(
        order,
        location=default_location(),
        carrier="DHL",
        tracking_number="RET1",
        quantities={line: 2},
        at=NOON,
    )

    assert (inbound.direction, inbound.status) == ("inbound", "ready_to_ship")
    assert units(inbound) == {line: 2}
    ship_shipment(inbound, at=NOON)
    assert inbound.status == "shipped"
    assert books(variant) == (10, 0, 0)
    assert counters(order) == [(0, 0, 0)]
