"""What must hold in the books of the stock, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from inventory.models import (
    Location,
    ReferenceType,
    StockAllocation,
    StockLevel,
    StockReservation,
    StockTransaction,
)
from inventory.models.stock.level import OPEN_UNITS
from inventory.supply_invariants import invariants as supply_invariants
from stateset.lib.invariants import Invariant, Violation
from stateset.lib.whole_rows import whole_rows

QUANTITIES = ("on_hand", "reserved", "allocated")


def invariants() -> tuple[Invariant, ...]:
    """Return the rules of the stock, cheapest first, then those of its supply."""
    return (
        Invariant(
            "stock.closed_locations_empty",
            "A closed location holds no stock.",
            closed_locations_that_hold_stock,
        ),
        Invariant(
            "stock.quarantine_unpromised",
            "Nothing in quarantine is promised to anybody.",
            promises_of_quarantined_stock,
        ),
        Invariant(
            "stock.closed_promises_empty",
            "A closed reservation or allocation holds no units.",
            closed_promises_that_hold_units,
        ),
        Invariant(
            "stock.reserved",
            "Units reserved at a level are the sum of its active reservations.",
            levels_that_differ_from_reservations,
        ),
        Invariant(
            "stock.allocated",
            "Units allocated at a level are the sum of its open allocations.",
            levels_that_differ_from_allocations,
        ),
        Invariant(
            "stock.transfers",
            "What a transfer takes from one location it puts into another.",
            transfers_that_do_not_balance,
        ),
        Invariant(
            "stock.ledger_sums",
            "The deltas of a level's ledger add up to the level.",
            levels_that_differ_from_ledger,
        ),
        Invariant(
            "stock.ledger_last",
            "The last row of a level's ledger says what the level is.",
            levels_that_differ_from_last_entry,
        ),
        *supply_invariants(),
    )


def closed_locations_that_hold_stock() -> Iterator[Violation]:
    held = Location.objects.filter(is_active=False).annotate(
        units=Sum("stock_levels__on_hand")
    )
    for location in held.filter(units__gt=0):
        yield Violation(location.code, f"closed, holds {location.units}")


def promises_of_quarantined_stock() -> Iterator[Violation]:
    promised = StockLevel.objects.filter(
        Q(reserved__gt=0) | Q(allocated__gt=0),
        location__kind=Location.Kind.QUARANTINE,
    ).select_related("variant", "location")
    for level in promised:
        yield Violation(
            str(level), f"{level.reserved} reserved, {level.allocated} allocated"
        )


def closed_promises_that_hold_units() -> Iterator[Violation]:
    for promises in (
        StockReservation.objects.exclude(status=StockReservation.Status.ACTIVE),
        StockAllocation.objects.exclude(status=StockAllocation.Status.ALLOCATED),
    ):
        held = promises.annotate(units=OPEN_UNITS).filter(units__gt=0)
        for key, status, units in held.values_list("pk", "status", "units"):
            yield Violation(
                f"{promises.model._meta.verbose_name} {key}",
                f"{status}, holds {units}",
            )


def levels_that_differ_from_reservations() -> Iterator[Violation]:
    held = StockReservation.objects.active().filter(level=OuterRef("pk"))
    return _differing(reserved=_total(held))


def levels_that_differ_from_allocations() -> Iterator[Violation]:
    held = StockAllocation.objects.open().filter(level=OuterRef("pk"))
    return _differing(allocated=_total(held))


def transfers_that_do_not_balance() -> Iterator[Violation]:
    transfers = (
        StockTransaction.objects.filter(reference_type=ReferenceType.TRANSFER)
        .values("reference_id")
        .annotate(rows=Count("id"), units=Sum("on_hand_delta"))
    )
    for transfer in transfers.exclude(rows=2, units=0):
        yield Violation(
            f"transfer {transfer['reference_id']}",
            f"{transfer['rows']} rows, {transfer['units']} units too many",
        )


def levels_that_differ_from_ledger() -> Iterator[Violation]:
    return _differing(
        **{name: Coalesce(Sum(f"transactions__{name}_delta"), 0) for name in QUANTITIES}
    )


def levels_that_differ_from_last_entry() -> Iterator[Violation]:
    last = StockTransaction.objects.filter(level=OuterRef("pk")).order_by("-id")
    return _differing(
        **{
            name: Coalesce(Subquery(last.values(f"{name}_after")[:1]), 0)
            for name in QUANTITIES
        }
    )


def _total(promises: Any) -> Combinable:
    """Return the open units of the promises of each level."""
    totals = promises.order_by().values("level").annotate(units=Sum(OPEN_UNITS))
    return Coalesce(Subquery(totals.values("units"), output_field=IntegerField()), 0)


def _differing(**expected: Combinable) -> Iterator[Violation]:
    """Yield the levels of which a column is not what it is expected to be."""
    differs = Q()
    for name in expected:
        differs |= ~Q(**{name: F(f"expected_{name}")})
    expectations = {f"expected_{name}": value for name, value in expected.items()}
    rows: Any = StockLevel.objects.annotate(**expectations).filter(differs)
    # Grouped by its key alone; few differ, and only those are read whole.
    wrong = rows.order_by().values("pk", *expected, *expectations)
    levels = StockLevel.objects.select_related("variant", "location")
    found = {row["pk"]: row for row in wrong}
    for key, level in whole_rows(levels, found):
        yield Violation(
            str(level),
            ", ".join(
                f"{name} {row[name]}, expected {row[f'expected_{name}']}"
                for row in [found[key]]
                for name in expected
                if row[name] != row[f"expected_{name}"]
            ),
        )
