"""Find the levels that demands fall on, and make the missing ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone

from inventory.errors import LocationNotUsableError, NotStockedError, Shortage
from inventory.models import Location, ProductVariant, StockLevel
from inventory.services.stock.demands import Demand
from inventory.services.stock.ledger import lock_levels, make_room
from stateset.lib.journal import business_transaction
from stateset.lib.rows import fetch_rows, key_read, key_value


@dataclass(frozen=True)
class Placed:
    """Demands and the levels they fall on; what has no level is short."""

    demands: Sequence[tuple[UUID, Demand]]
    shortages: Sequence[Shortage]


def ensure_level(*, variant: ProductVariant, location: Location) -> StockLevel:
    """Return the level of ``variant`` at ``location``, made at zero if missing.

    Raises NotStockedError for services and downloads.
    """
    if not variant.is_stocked:
        raise NotStockedError(
            f"No stock of {variant.sku} is kept.",
            why="it is a service or a download",
            fix="tick 'is stocked' on the variant if it has units to count",
        )
    levels = StockLevel.objects.filter(variant=variant, location=location)
    if level := levels.first():
        return level
    with business_transaction():
        # Who closes the location looks through its levels under this lock; the
        # foreign key alone is checked no sooner than at the commit.
        Location.objects.select_for_update(no_key=True).get(pk=location.pk)
        return levels.get_or_create(variant=variant, location=location)[0]


def place_demands(*, location: Location, demands: Sequence[Demand]) -> Placed:
    """Return the level of each demand at ``location``, services left out."""
    if not demands:
        return Placed((), ())
    found = _find(location, {demand.variant_id for demand in demands})
    placed = []
    short: dict[str, int] = {}
    for demand in demands:
        sku, is_stocked, level_id = found[demand.variant_id]
        if level_id is not None:
            placed.append((level_id, demand))
        elif is_stocked:
            short[sku] = short.get(sku, 0) + demand.quantity
    return Placed(
        demands=placed,
        shortages=[
            Shortage(sku=sku, location=location.code, wanted=wanted, available=0)
            for sku, wanted in short.items()
        ],
    )


def within_stock(
    location: Location, demands: Iterable[Demand], *, keeping: UUID
) -> list[Demand]:
    """Lock the levels; return of each demand what is there for it, the empty left out.

    Reservations that ran out give way, those of the document ``keeping`` excepted.
    """
    placed = place_demands(location=location, demands=list(demands)).demands
    wanted = Counter[UUID]()
    for level_id, demand in placed:
        wanted[level_id] += demand.quantity
    now = timezone.now()
    free = {
        level_id: make_room(
            level, wanted[level_id], at=now, keeping=[keeping]
        ).available
        for level_id, level in lock_levels(wanted).items()
    }
    there = []
    for level_id, demand in placed:
        if units := min(demand.quantity, free[level_id]):
            free[level_id] -= units
            there.append(replace(demand, quantity=units))
    return there


def require_selling(location: Location) -> None:
    """Raise LocationNotUsableError where stock may not be promised or sold."""
    if not location.sells:
        raise LocationNotUsableError(
            f"Nothing can be promised from {location.code}.",
            why=f"it is a {location.get_kind_display().lower()} location",
            fix="choose a warehouse or a store, or transfer the stock there first",
        )


def lock_open_levels(level_ids: Iterable[UUID]) -> dict[UUID, StockLevel]:
    """Lock levels that stock comes into; raise LocationNotUsableError where closed.

    Who closes a location locks its levels first, so what is read of the location
    after the lock stays true until this transaction ends.
    """
    levels = lock_levels(level_ids)
    places = {level.location_id for level in levels.values()}
    for place in Location.objects.filter(pk__in=places, is_active=False):
        raise LocationNotUsableError(
            f"Nothing can be put into {place.code}.",
            why="the location is closed",
            fix="open it again under Locations, or choose another",
        )
    return levels


def _find(
    location: Location, variant_ids: Iterable[UUID]
) -> dict[UUID, tuple[str, bool, UUID | None]]:
    """Return SKU, whether stock is kept, and the level, by variant."""
    connection = connections[DEFAULT_DB_ALIAS]
    keys = [key_value(key, connection) for key in (location.pk, *variant_ids)]
    rows = fetch_rows(_find_statement(len(keys) - 1), keys, connection)
    return {
        key_read(variant_id): (
            sku,
            bool(is_stocked),
            key_read(level_id) if is_stocked and level_id is not None else None,
        )
        for variant_id, sku, is_stocked, level_id in rows
    }


def _find_statement(count: int) -> str:
    return (
        "SELECT v.id, v.sku, v.is_stocked, (SELECT l.id FROM inventory l"  # noqa: S608 - adds placeholders only
        " WHERE l.variant_id = v.id AND l.location_id = %s) FROM product_variants v"
        f" WHERE v.id IN ({', '.join(['%s'] * count)})"
    )
