"""Parcels: made of what is packed, and sent; only sending moves stock."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from fulfillment.errors import (
    FulfillmentError,
    OverShipmentError,
    ShipmentEmptyError,
    TrackingNumberTakenError,
)
from fulfillment.models import FulfillmentOrder, Shipment, ShipmentItem
from fulfillment.services.lines import (
    Quantities,
    line_names,
    open_allocations,
    units_to_ship,
)
from inventory.models import ReferenceType, StockAllocation
from inventory.services.stock import Reference, take_allocated
from orders.models import Order
from orders.services import record_shipped
from orders.services.addressing import envelope
from stateset.lib.fields import round_money
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.locks import claim_row, lock_row
from stateset.system.services.transitions import save_columns


def create_shipment(
    fulfillment_order: FulfillmentOrder,
    *,
    carrier: str = "",
    service: str = "",
    tracking_number: str = "",
    shipping_cost: Decimal = Decimal(0),
    quantities: Quantities | None = None,
    package_count: int = 1,
    estimated_delivery_at: datetime | None = None,
    at: datetime | None = None,
) -> Shipment:
    """Make a parcel of what is packed and in no other: all, or ``quantities``.

    Raises OverShipmentError naming each line that has less.
    """
    order = fulfillment_order.order
    with business_transaction():
        lock_row(order)
        lock_row(fulfillment_order)
        _require_packed(fulfillment_order)
        # Two parcels at once are told apart by the order's version where an
        # engine has no row locks.
        save_columns(order)
        units = _chosen_units(fulfillment_order, quantities)
        allocations = open_allocations(fulfillment_order)
        shipment = write_new_shipment(
            shipment_number=next_number("SHP", at=at),
            order=order,
            fulfillment_order=fulfillment_order,
            location_id=fulfillment_order.location_id,
            carrier=carrier,
            service=service,
            tracking_number=tracking_number,
            ship_to=recipient(order),
            package_count=package_count,
            weight_grams=_weight(allocations, units),
            currency=order.currency,
            shipping_cost=round_money(shipping_cost, order.currency),
            estimated_delivery_at=estimated_delivery_at,
            created_at=at or timezone.now(),
        )
        ShipmentItem.objects.bulk_create(
            ShipmentItem(
                shipment=shipment,
                order_item_id=allocation.reference_line_id,
                allocation=allocation,
                quantity=units[allocation.reference_line_id],
            )
            for allocation in allocations
            if allocation.reference_line_id in units
        )
        record_event(
            shipment,
            "shipment.created",
            {"order": order.order_number, "units": sum(units.values())},
            at=at,
        )
    return shipment


def mark_ready(shipment: Shipment, *, at: datetime | None = None) -> Shipment:
    """Note that the parcel is closed and labelled."""
    with business_transaction():
        return change_status(
            shipment,
            Shipment.Status.READY_TO_SHIP,
            event_type="shipment.ready",
            at=at,
        )


def ship_shipment(shipment: Shipment, *, at: datetime | None = None) -> Shipment:
    """Send a parcel: take its stock, count its lines as shipped, tell the order.

    The only step of fulfilment that moves stock. With the last parcel the
    fulfilment order, and with the last unit the order is shipped.
    """
    order = shipment.order
    with business_transaction():
        lock_row(order)
        claim_row(shipment)
        require_transition(shipment, Shipment.Status.SHIPPED)
        if shipment.direction == Shipment.Direction.OUTBOUND:
            _take_stock(shipment, at=at)
        change_status(
            shipment,
            Shipment.Status.SHIPPED,
            event_type="shipment.shipped",
            at=at,
            payload={"order": order.order_number},
            shipped_at=at or timezone.now(),
        )
        if shipment.fulfillment_order is not None:
            _close_when_empty(shipment.fulfillment_order, at=at)
    return shipment


def cancel_shipment(
    shipment: Shipment, *, reason: str, at: datetime | None = None
) -> Shipment:
    """Open a parcel that has not left; its goods stay packed for another one."""
    with business_transaction(reason=reason):
        return change_status(
            shipment,
            Shipment.Status.CANCELLED,
            event_type="shipment.cancelled",
            at=at,
            payload={"reason": reason},
            status_reason=reason[:255],
        )


def write_new_shipment(**columns: Any) -> Shipment:
    """Write the head of a shipment down.

    Raises TrackingNumberTakenError if the carrier's number is on another one.
    """
    try:
        with business_transaction():
            return Shipment.objects.create(**columns)
    except IntegrityError:
        other = Shipment.objects.exclude(tracking_number="").filter(
            carrier=columns["carrier"], tracking_number=columns["tracking_number"]
        )
        if not other:
            raise
        raise TrackingNumberTakenError(
            "The shipment was not created.",
            why=f"shipment {other[0]} has the tracking number"
            f" {columns['tracking_number']} already",
            fix="correct the number, or look at that shipment",
        ) from None


def recipient(order: Order) -> dict[str, str]:
    """Return whom and where a parcel of an order goes to."""
    return envelope(order.customer, order.shipping_address)


def _require_packed(fulfillment_order: FulfillmentOrder) -> None:
    if fulfillment_order.status == FulfillmentOrder.Status.PACKED:
        return
    raise FulfillmentError(
        f"No shipment was made of {fulfillment_order}.",
        why=f"it is {fulfillment_order.get_status_display().lower()}, not packed",
        fix="pack it first"
        if fulfillment_order.status in FulfillmentOrder.OPEN_STATUSES
        else "look at its shipments",
    )


def _chosen_units(
    fulfillment_order: FulfillmentOrder, quantities: Quantities | None
) -> dict[UUID, int]:
    free = units_to_ship(fulfillment_order)
    asked = free if quantities is None else quantities
    units = {key: count for key, count in asked.items() if count}
    _require_free(fulfillment_order, units, free)
    return units


def _require_free(
    fulfillment_order: FulfillmentOrder, units: Quantities, free: Quantities
) -> None:
    refused = f"No shipment was made of {fulfillment_order}."
    if not units:
        raise ShipmentEmptyError(
            refused,
            why="everything packed is in a shipment already"
            if not any(free.values())
            else "no units were given",
            fix="look at its shipments, or give at least one unit",
        )
    names = line_names(fulfillment_order.order)
    over = [
        f"{names.get(key, 'a line of another order')}: {count} asked,"
        f" {free.get(key, 0)} packed and in no other shipment"
        for key, count in units.items()
        if not 0 < count <= free.get(key, 0)
    ]
    if over:
        raise OverShipmentError(
            refused, why="; ".join(over), fix="ship what is packed, or less"
        )


def _weight(allocations: list[StockAllocation], units: Quantities) -> int | None:
    grams = 0
    for allocation in allocations:
        each = allocation.level.variant.weight_grams
        if allocation.reference_line_id in units:
            if each is None:
                return None
            grams += each * units[allocation.reference_line_id]
    return grams or None


def _take_stock(shipment: Shipment, *, at: datetime | None) -> None:
    items = list(shipment.items.order_by("pk"))
    if not items:
        raise ShipmentEmptyError(
            f"Shipment {shipment} was not shipped.",
            why="it has no items",
            fix="cancel it, and make one of what is packed",
        )
    take_allocated(
        quantities={
            item.allocation_id: item.quantity
            for item in items
            if item.allocation_id is not None
        },
        reference=Reference(ReferenceType.SHIPMENT, shipment.pk),
        at=at,
    )
    record_shipped(
        shipment.order,
        quantities={item.order_item_id: item.quantity for item in items},
        tracking_number=shipment.tracking_number,
        at=at,
    )


def _close_when_empty(
    fulfillment_order: FulfillmentOrder, *, at: datetime | None
) -> None:
    lock_row(fulfillment_order)
    if open_allocations(fulfillment_order):
        return
    change_status(
        fulfillment_order,
        FulfillmentOrder.Status.SHIPPED,
        event_type="fulfillment_order.shipped",
        at=at,
        shipped_at=at or timezone.now(),
    )
