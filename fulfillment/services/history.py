"""Shipments of the past, taken over from another system: no stock moves."""

from __future__ import annotations

from datetime import datetime

from fulfillment.models import Shipment, ShipmentItem
from orders.services.history import complete_past_order
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, record_event, telling_nobody


@telling_nobody()
def write_past_shipment(
    shipment: Shipment, *, shipped_at: datetime, delivered_at: datetime | None
) -> Shipment:
    """Write down that all of a pending order left in one shipment, and arrived.

    Raises InvalidTransitionError unless the order is pending.
    """
    order = shipment.order
    with business_transaction():
        shipment.location_id = order.location_id
        shipment.ship_to = order.shipping_address
        shipment.currency = order.currency
        shipment.save(force_insert=True)
        record_event(
            shipment, "shipment.imported", {"order": order.order_number}, at=shipped_at
        )
        ShipmentItem.objects.bulk_create(
            ShipmentItem(
                shipment=shipment, order_item=item, quantity=item.open_quantity
            )
            for item in order.items.order_by("line_number")
            if item.open_quantity
        )
        for status in (Shipment.Status.READY_TO_SHIP, Shipment.Status.SHIPPED):
            change_status(
                shipment,
                status,
                event_type=f"shipment.{status}",
                at=shipped_at,
                shipped_at=shipped_at,
            )
        if delivered_at is not None:
            change_status(
                shipment,
                Shipment.Status.DELIVERED,
                event_type="shipment.delivered",
                at=delivered_at,
                delivered_at=delivered_at,
            )
        complete_past_order(
            order,
            shipped_at=shipped_at,
            delivered_at=delivered_at,
            tracking_number=shipment.tracking_number,
        )
    return shipment
