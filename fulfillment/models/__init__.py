from __future__ import annotations

from fulfillment.models.fulfillment_order import FulfillmentOrder
from fulfillment.models.shipment import Shipment, ShipmentItem, TrackingEvent

__all__ = ["FulfillmentOrder", "Shipment", "ShipmentItem", "TrackingEvent"]
