from __future__ import annotations

from fulfillment.services.inbound import register_inbound_shipment
from fulfillment.services.picking import pack_fulfillment, start_picking, stop_picking
from fulfillment.services.releasing import (
    cancel_fulfillment,
    close_short,
    complete_services,
    release_order,
)
from fulfillment.services.shipping import (
    cancel_shipment,
    create_shipment,
    mark_ready,
    ship_shipment,
)
from fulfillment.services.tracking import deliver_shipment, record_tracking

__all__ = [
    "cancel_fulfillment",
    "cancel_shipment",
    "close_short",
    "complete_services",
    "create_shipment",
    "deliver_shipment",
    "mark_ready",
    "pack_fulfillment",
    "record_tracking",
    "register_inbound_shipment",
    "release_order",
    "ship_shipment",
    "start_picking",
    "stop_picking",
]
