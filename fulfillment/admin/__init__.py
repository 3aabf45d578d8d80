from __future__ import annotations

from fulfillment.admin import order_page
from fulfillment.admin.fulfillment_order import FulfillmentOrderAdmin
from fulfillment.admin.shipment import (
    ShipmentAdmin,
    ShipmentItemAdmin,
    TrackingEventAdmin,
)

__all__ = [
    "FulfillmentOrderAdmin",
    "ShipmentAdmin",
    "ShipmentItemAdmin",
    "TrackingEventAdmin",
    "order_page",
]
