"""Parcels that customers send back."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from fulfillment.models import Shipment, ShipmentItem
from fulfillment.services.lines import Quantities
from fulfillment.services.shipping import write_new_shipment
from inventory.models import Location
from orders.models import Order
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, next_number, record_event


def register_inbound_shipment(
    order: Order,
    *,
    location: Location,
    carrier: str = "",
    service: str = "",
    tracking_number: str = "",
    quantities: Quantities | None = None,
    estimated_delivery_at: datetime | None = None,
    at: datetime | None = None,
) -> Shipment:
    """Expect a parcel from a customer, ready for its first scan; moves no stock.

    What comes in is counted by the return that asked for it.
    """
    with business_transaction():
        shipment = write_new_shipment(
            shipment_number=next_number("SHP", at=at),
            order=order,
            direction=Shipment.Direction.INBOUND,
            location=location,
            carrier=carrier,
            service=service,
            tracking_number=tracking_number,
            ship_to={
                "name": location.name,
                "line1": location.line1,
                "city": location.city,
                "postal_code": location.postal_code,
                "country_code": location.country_code,
            },
            currency=order.currency,
            estimated_delivery_at=estimated_delivery_at,
            created_at=at or timezone.now(),
        )
        ShipmentItem.objects.bulk_create(
            ShipmentItem(shipment=shipment, order_item_id=key, quantity=count)
            for key, count in (quantities or {}).items()
        )
        record_event(
            shipment, "shipment.expected", {"order": order.order_number}, at=at
        )
        return change_status(
            shipment,
            Shipment.Status.READY_TO_SHIP,
            event_type="shipment.ready",
            at=at,
        )
