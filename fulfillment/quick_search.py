"""What the box on the home page knows of goods on their way."""

from __future__ import annotations

from fulfillment.models import FulfillmentOrder, Shipment
from stateset.lib.quick_search import Lookup

LOOKUPS = [
    Lookup(Shipment, ["shipment_number", "tracking_number"]),
    Lookup(FulfillmentOrder, ["fulfillment_number"]),
]
