"""What is personal in parcels: where they went, and how they are found."""

from __future__ import annotations

from fulfillment.models import FulfillmentOrder, Shipment, TrackingEvent
from stateset.lib.anonymise import table
from stateset.lib.anonymise_rules import ADDRESS, CITY, CODE, FREE_TEXT

TABLES = (
    table(
        FulfillmentOrder,
        "fulfillment_number",
        status_reason=FREE_TEXT,
        notes=FREE_TEXT,
    ),
    table(
        Shipment,
        "shipment_number",
        "carrier",
        "service",
        tracking_number=CODE,
        ship_to=ADDRESS,
        status_reason=FREE_TEXT,
        notes=FREE_TEXT,
    ),
    table(
        TrackingEvent,
        carrier_event_id=CODE,
        description=FREE_TEXT,
        place=CITY,
    ),
)

PAYLOAD = {"place": CITY}
