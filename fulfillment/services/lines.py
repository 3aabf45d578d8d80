"""What a fulfilment order holds: stock allocated to it, by order line."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Sum

from fulfillment.models import FulfillmentOrder, Shipment, ShipmentItem
from inventory.models import ReferenceType, StockAllocation
from inventory.services.stock import Reference
from orders.models import Order

Quantities = Mapping[UUID, int]
"""Units by key of the order line."""


def reference_to(fulfillment_order: FulfillmentOrder) -> Reference:
    """Return what stock allocated to it refers to."""
    return Reference(ReferenceType.FULFILLMENT_ORDER, fulfillment_order.pk)


def open_allocations(fulfillment_order: FulfillmentOrder) -> list[StockAllocation]:
    """Return the stock still held for it, by line: one allocation a line."""
    reference = reference_to(fulfillment_order)
    return list(
        StockAllocation.objects.open()
        .filter(reference_type=reference.type, reference_id=reference.id)
        .select_related("level__variant")
        .order_by("reference_line_id")
    )


def units_to_pick(fulfillment_order: FulfillmentOrder) -> dict[UUID, int]:
    """Return the units held for it, by order line."""
    return {
        allocation.reference_line_id: allocation.open_quantity
        for allocation in open_allocations(fulfillment_order)
    }


def units_in_parcels(fulfillment_order: FulfillmentOrder) -> dict[UUID, int]:
    """Return the units in shipments of it that have not left, by order line."""
    rows = (
        ShipmentItem.objects.filter(
            shipment__fulfillment_order=fulfillment_order,
            shipment__status__in=Shipment.NOT_LEFT_STATUSES,
        )
        .order_by()
        .values_list("order_item")
        .annotate(units=Sum("quantity"))
    )
    return dict(rows)


def units_to_ship(fulfillment_order: FulfillmentOrder) -> dict[UUID, int]:
    """Return the units held for it that are in no parcel yet, by order line."""
    in_parcels = units_in_parcels(fulfillment_order)
    return {
        key: units - in_parcels.get(key, 0)
        for key, units in units_to_pick(fulfillment_order).items()
    }


def line_names(order: Order) -> dict[UUID, str]:
    """Return what people call each line of an order: ``line 2 (SKU-1)``."""
    return {
        key: f"line {number} ({sku})"
        for key, number, sku in order.items.values_list("pk", "line_number", "sku")
    }
