"""Papers of the warehouse: what goes into the box with the goods."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from fulfillment.models import FulfillmentOrder, Shipment, ShipmentItem
from fulfillment.services.lines import units_to_pick
from fulfillment.services.shipping import recipient
from stateset.lib.admin.papers import Paper


def slip_of_shipment(shipment: Shipment) -> dict[str, Any]:
    """Return what the packing slip of a parcel says."""
    items: QuerySet[ShipmentItem] = shipment.items.select_related("order_item")
    return {
        "order": shipment.order,
        "sender": shipment.location,
        "recipient": shipment.ship_to,
        "lines": [
            (item.quantity, item.order_item)
            for item in items.order_by("order_item__line_number")
        ],
        "shipment": shipment,
    }


def slip_of_pick(fulfillment_order: FulfillmentOrder) -> dict[str, Any]:
    """Return what the pick list of a fulfilment order says."""
    units = units_to_pick(fulfillment_order)
    items = fulfillment_order.order.items.filter(pk__in=list(units))
    return {
        "order": fulfillment_order.order,
        "sender": fulfillment_order.location,
        "recipient": recipient(fulfillment_order.order),
        "lines": [(units[item.pk], item) for item in items.order_by("line_number")],
    }


PICK_LIST = Paper(
    "pick-list",
    "Pick list",
    "fulfillment/packing_slip.html",
    slip_of_pick,
    refusal=lambda row: (
        "" if row.status in FulfillmentOrder.OPEN_STATUSES else "it is done"
    ),
)
PACKING_SLIP = Paper(
    "packing-slip", "Packing slip", "fulfillment/packing_slip.html", slip_of_shipment
)
