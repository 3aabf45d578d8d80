"""Orders on their way through the warehouse, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fulfillment.models import FulfillmentOrder, Shipment
from fulfillment.services import (
    create_shipment,
    mark_ready,
    pack_fulfillment,
    release_order,
    ship_shipment,
    start_picking,
)
from inventory.models import ProductVariant, StockLevel
from orders.models import Order
from tests.orders.builders import NOON, make_confirmed_order


def make_released(order: Order | None = None, **overrides: Any) -> FulfillmentOrder:
    """Return a fulfilment order to pick: two units of one line."""
    return release_order(order or make_confirmed_order(), **{"at": NOON, **overrides})


def make_picking(order: Order | None = None) -> FulfillmentOrder:
    """Return a fulfilment order somebody picks."""
    return start_picking(make_released(order), at=NOON)


def make_packed(order: Order | None = None) -> FulfillmentOrder:
    """Return a fulfilment order packed whole."""
    return pack_fulfillment(make_picking(order), at=NOON)


def make_shipment(
    fulfillment_order: FulfillmentOrder | None = None, **overrides: Any
) -> Shipment:
    """Return a pending shipment of everything packed."""
    values: dict[str, Any] = {"carrier": "UPS", "at": NOON}
    return create_shipment(
        fulfillment_order or make_packed(), **{**values, **overrides}
    )


def make_ready(
    fulfillment_order: FulfillmentOrder | None = None, **overrides: Any
) -> Shipment:
    """Return a shipment that waits for the carrier."""
    return mark_ready(make_shipment(fulfillment_order, **overrides), at=NOON)


def make_shipped(
    fulfillment_order: FulfillmentOrder | None = None, **overrides: Any
) -> Shipment:
    """Return a shipment that left at NOON."""
    return ship_shipment(make_ready(fulfillment_order, **overrides), at=NOON)


def lines_of(order: Order) -> list[UUID]:
    """Return the keys of an order's lines, in their order."""
    return list(order.items.order_by("line_number").values_list("pk", flat=True))


def counters(order: Order) -> list[tuple[int, int, int]]:
    """Return reserved, packed and shipped units of each line."""
    columns = ("quantity_reserved", "quantity_packed", "quantity_fulfilled")
    return list(order.items.order_by("line_number").values_list(*columns))


def books(variant: ProductVariant) -> tuple[int, int, int]:
    """Return on hand, reserved and allocated units of a variant."""
    level = StockLevel.objects.get(variant=variant)
    return level.on_hand, level.reserved, level.allocated


def units(shipment: Shipment) -> Mapping[UUID, int]:
    """Return what is in a shipment, by order line."""
    return dict(shipment.items.values_list("order_item", "quantity"))
