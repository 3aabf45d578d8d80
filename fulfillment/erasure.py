"""Which parcels are a customer's, and where they were seen."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from fulfillment.models import FulfillmentOrder, Shipment, ShipmentItem, TrackingEvent
from inventory.models import StockAllocation, StockTransaction
from inventory.models.stock.references import ReferenceType
from stateset.lib.erasing import BY_KEY, belongs, in_its_status, refers

BELONGINGS = (
    belongs(FulfillmentOrder, "order__customer"),
    belongs(Shipment, "order__customer"),
    belongs(ShipmentItem, "shipment__order__customer"),
    belongs(TrackingEvent, "shipment__order__customer"),
    refers(
        StockAllocation,
        ReferenceType.FULFILLMENT_ORDER,
        FulfillmentOrder,
        "order__customer",
    ),
    refers(
        StockTransaction,
        ReferenceType.FULFILLMENT_ORDER,
        FulfillmentOrder,
        "order__customer",
        idempotency_key=BY_KEY,
    ),
    refers(
        StockTransaction,
        ReferenceType.SHIPMENT,
        Shipment,
        "order__customer",
        idempotency_key=BY_KEY,
    ),
)


def unfinished(using: str, key: UUID) -> Iterator[str]:
    """Yield the parcels that are to leave or under way, to the customer or back."""
    under_way = (*Shipment.NOT_LEFT_STATUSES, *Shipment.UNDER_WAY_STATUSES)
    parcels = Shipment.objects.using(using).filter(
        order__customer=key, status__in=under_way
    )
    yield from in_its_status("shipment", parcels.order_by("shipment_number"))
