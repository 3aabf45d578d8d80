"""What must hold of the stock that returns bring back."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from inventory.models import Location, ReferenceType, StockTransaction
from returns.models import ReturnItem
from stateset.lib.invariants import Violation
from stateset.lib.whole_rows import whole_rows

CHUNK = 5000

Units = tuple[int, int, int]
"""Units taken in for sale, taken into quarantine, and scrapped from there."""

QUARANTINE = Location.Kind.QUARANTINE
NOTHING: Units = (0, 0, 0)


def lines_that_differ_from_the_ledger() -> Iterator[Violation]:
    """Find return lines whose units are not in the ledger as their inspection says."""
    said, booked = _said(), _booked()
    wrong = [
        key
        for key in said | booked
        if said.get(key, NOTHING) != booked.get(key, NOTHING)
    ]
    rows = ReturnItem.objects.select_related("return_request", "order_item")
    found = dict(whole_rows(rows, wrong))
    for key in wrong:
        item = found.get(key)
        name = f"{item.return_request} {item.order_item.sku}" if item else f"line {key}"
        yield Violation(
            name,
            f"{_words(said.get(key, NOTHING))}; in the ledger:"
            f" {_words(booked.get(key, NOTHING))}",
        )


def _said() -> dict[UUID, Units]:
    """Return what inspections say of stocked lines, by key of the return line."""
    placed = ReturnItem.objects.filter(
        Q(quantity_restocked__gt=0)
        | Q(quantity_quarantined__gt=0)
        | Q(quantity_scrapped__gt=0),
        order_item__variant__is_stocked=True,
    ).order_by()
    away = F("quantity_quarantined") + F("quantity_scrapped")
    rows = placed.values_list(
        "pk",
        "quantity_restocked",
        away,
        "quantity_scrapped",
        "return_request__location__kind",
    )
    return {
        # A return may go to a quarantine as a whole.
        key: (0, restocked + away, scrapped)
        if kind == QUARANTINE
        else (restocked, away, scrapped)
        for key, restocked, away, scrapped, kind in rows.iterator(chunk_size=CHUNK)
    }


def _booked() -> dict[UUID, Units]:
    """Return what the ledger has of returns, by key of the return line."""
    in_quarantine = Q(level__location__kind=QUARANTINE)
    back = Q(transaction_type=StockTransaction.Type.RETURN)
    gone = Q(transaction_type=StockTransaction.Type.SCRAP)
    rows = (
        StockTransaction.objects.filter(reference_type=ReferenceType.RETURN)
        .order_by()
        .values_list("reference_line_id")
        .annotate(
            restocked=_units(back & ~in_quarantine),
            away=_units(back & in_quarantine),
            scrapped=-_units(gone),
        )
    )
    return {
        key: (restocked, away, scrapped)
        for key, restocked, away, scrapped in rows.iterator(chunk_size=CHUNK)
    }


def _units(which: Q) -> Coalesce:
    return Coalesce(Sum("on_hand_delta", filter=which), 0)


def _words(units: Units) -> str:
    restocked, away, scrapped = units
    return f"{restocked} for sale, {away} set aside, {scrapped} scrapped"
