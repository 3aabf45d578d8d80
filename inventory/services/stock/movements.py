"""Movements of stock as values, before they are posted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from inventory.services.stock.demands import Reference


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of one level for one line; ``unit_cost`` of units coming in."""

    level_id: UUID
    kind: str
    reference: Reference
    line_id: UUID
    on_hand: int = 0
    reserved: int = 0
    allocated: int = 0
    unit_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What the movements of one level come to."""

    level_id: UUID
    on_hand: int
    reserved: int
    allocated: int
    costed_units: int
    costed_value: Decimal
    movements: Sequence[Movement]

    @property
    def available(self) -> int:
        """Return the change of what may still be promised."""
        return self.on_hand - self.reserved - self.allocated


def by_level(movements: Iterable[Movement]) -> list[Change]:
    """Return one change a level, in the order in which levels are locked.

    That order is the primary key's: two flows over the same levels then wait for
    each other instead of dead-locking.
    """
    key = attrgetter("level_id")
    return [
        _sum(level_id, list(of_level))
        for level_id, of_level in groupby(sorted(movements, key=key), key)
    ]


def _sum(level_id: UUID, movements: Sequence[Movement]) -> Change:
    costed = [
        (movement.on_hand, movement.unit_cost)
        for movement in movements
        if movement.unit_cost is not None and movement.on_hand > 0
    ]
    return Change(
        level_id=level_id,
        on_hand=sum(movement.on_hand for movement in movements),
        reserved=sum(movement.reserved for movement in movements),
        allocated=sum(movement.allocated for movement in movements),
        costed_units=sum(units for units, _ in costed),
        costed_value=sum((units * cost for units, cost in costed), Decimal(0)),
        movements=movements,
    )
