"""Book returned units into stock, so that the ledger explains each of them.

Every unit that came back has a row of type ``return`` at the cost it was shipped at:
good ones at the return's location, all others in quarantine. Units to be scrapped are
taken in there too and written off in the same transaction by a row of type ``scrap``,
so broken goods neither vanish from the books nor touch the average cost of what sells.
Idempotency keys by return line (``return_item:<key>:…``) let nothing be booked twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from inventory.models import Location, ReferenceType, StockTransaction
from inventory.services.stock import (
    Demand,
    Reference,
    ensure_level,
    lock_levels,
    receive_stock,
    take_available,
)
from returns.errors import FindingsRefusedError
from returns.models import ReturnItem, ReturnRequest

RESTOCK, QUARANTINE = "restock", "quarantine"


def put_away(
    return_request: ReturnRequest, items: Sequence[ReturnItem], *, at: datetime
) -> None:
    """Book the units of inspected lines; those of services and downloads are none."""
    stocked = [item for item in items if item.order_item.variant.is_stocked]
    bookings = list(_bookings(return_request, stocked))
    # All levels first, in their order: two returns must not wait for each other.
    lock_levels(
        ensure_level(variant=item.order_item.variant, location=place).pk
        for item, place, _, _ in bookings
    )
    reference = Reference(ReferenceType.RETURN, return_request.pk)
    for item, place, units, name in bookings:
        receive_stock(
            variant=item.order_item.variant,
            location=place,
            quantity=units,
            unit_cost=item.order_item.unit_cost or Decimal(0),
            reference=reference,
            line_id=item.pk,
            kind=StockTransaction.Type.RETURN,
            at=at,
            idempotency_key=f"return_item:{item.pk}:{name}",
        )
    for item, place, _, name in bookings:
        if item.quantity_scrapped and name == QUARANTINE:
            _scrap(return_request, item, place, reference, at=at)


def _bookings(
    return_request: ReturnRequest, items: Sequence[ReturnItem]
) -> Iterator[tuple[ReturnItem, Location, int, str]]:
    """Yield line, place, units and name of what is taken in."""
    for item in items:
        if item.quantity_restocked:
            yield item, return_request.location, item.quantity_restocked, RESTOCK
    quarantined = [i for i in items if i.quantity_quarantined + i.quantity_scrapped]
    if not quarantined:
        return
    place = _quarantine(return_request)
    for item in quarantined:
        units = item.quantity_quarantined + item.quantity_scrapped
        yield item, place, units, QUARANTINE


def _scrap(
    return_request: ReturnRequest,
    item: ReturnItem,
    place: Location,
    reference: Reference,
    *,
    at: datetime,
) -> None:
    take_available(
        location=place,
        demands=[
            Demand(
                variant_id=item.order_item.variant_id,
                quantity=item.quantity_scrapped,
                line_id=item.pk,
            )
        ],
        reference=reference,
        kind=StockTransaction.Type.SCRAP,
        reason=f"return {return_request}: {item.get_condition_display().lower()}",
        at=at,
        idempotency_key=f"return_item:{item.pk}:scrap",
    )


def _quarantine(return_request: ReturnRequest) -> Location:
    place = (
        Location.objects.filter(kind=Location.Kind.QUARANTINE, is_active=True)
        .order_by("code")
        .first()
    )
    if place is None:
        raise FindingsRefusedError(
            f"The inspection of return {return_request} was not noted.",
            why="there is no active location of kind quarantine",
            fix="add one under Inventory, Locations",
        )
    return place
