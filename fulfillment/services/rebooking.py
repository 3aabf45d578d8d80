"""Move stock held for a pick back to what is reserved for its order.

Levels stay locked between giving back and taking again, so nobody else can be
promised the units meanwhile.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from uuid import UUID

from fulfillment.models import FulfillmentOrder
from fulfillment.services.lines import Quantities, reference_to, units_to_pick
from inventory.models import StockReservation
from inventory.services.stock import (
    Demand,
    allocate_reservations,
    release_allocations,
    release_reservations,
    reserve_stock,
)
from orders.services import order_reference


def give_back(
    fulfillment_order: FulfillmentOrder, *, reason: str, at: datetime | None
) -> None:
    """Turn everything held for the pick into reservations of its order again."""
    units = _free(fulfillment_order, reason, at)
    _reserve(fulfillment_order, units, at)


def keep_picked(
    fulfillment_order: FulfillmentOrder,
    picked: Quantities,
    *,
    reason: str,
    at: datetime | None,
) -> None:
    """Hold only what was picked; the rest is reserved for the order again."""
    units = _free(fulfillment_order, reason, at)
    _reserve(fulfillment_order, picked, at)
    allocate_reservations(
        reservations_of=order_reference(fulfillment_order.order),
        to=reference_to(fulfillment_order),
        line_ids=list(picked),
        at=at,
    )
    rest = {key: count - picked.get(key, 0) for key, count in units.items()}
    _reserve(fulfillment_order, rest, at)


def _free(
    fulfillment_order: FulfillmentOrder, reason: str, at: datetime | None
) -> dict[UUID, int]:
    """Free what pick and order hold of the pick's lines; return how much that was."""
    reference = order_reference(fulfillment_order.order)
    held = Counter(units_to_pick(fulfillment_order))
    line_ids = list(held)
    reserved = StockReservation.objects.active().filter(
        reference_type=reference.type,
        reference_id=reference.id,
        reference_line_id__in=line_ids,
    )
    for reservation in reserved:
        held[reservation.reference_line_id] += reservation.open_quantity
    release_allocations(reference=reference_to(fulfillment_order), reason=reason, at=at)
    release_reservations(reference=reference, reason=reason, line_ids=line_ids, at=at)
    return dict(held)


def _reserve(
    fulfillment_order: FulfillmentOrder, units: Quantities, at: datetime | None
) -> None:
    order = fulfillment_order.order
    variants = dict(order.items.values_list("pk", "variant_id"))
    demands = [
        Demand(variant_id=variants[key], quantity=count, line_id=key)
        for key, count in units.items()
        if count > 0
    ]
    if demands:
        reserve_stock(
            location=fulfillment_order.location,
            demands=demands,
            reference=order_reference(order),
            at=at,
        )
