"""Say why a level does not change as asked."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.errors import (
    InsufficientStockError,
    InvalidQuantityError,
    InventoryError,
    Shortage,
    StockBooksError,
)
from inventory.models import StockLevel
from inventory.services.stock.movements import Change
from stateset.lib.fields import MOST_UNITS

Problem = Shortage | InventoryError


def problem_of(change: Change, level: StockLevel) -> Problem | None:
    """Return what keeps ``level`` from changing so; None when it fits."""
    if level.available + change.available < 0:
        return Shortage(
            sku=level.variant.sku,
            location=level.location.code,
            wanted=-change.available,
            available=level.available,
        )
    if level.on_hand + change.on_hand > MOST_UNITS:
        return InvalidQuantityError(
            f"{level} was not changed.",
            why=f"it holds {level.on_hand}, and {change.on_hand} more pass what a"
            f" level can count ({MOST_UNITS})",
            fix="correct the quantity",
        )
    if level.reserved + change.reserved < 0 or level.allocated + change.allocated < 0:
        return StockBooksError(
            f"{level} was not changed.",
            why=f"{level.reserved} are reserved and {level.allocated} allocated, but"
            f" the promises to be changed hold {-change.reserved} and"
            f" {-change.allocated}",
            fix="run `python manage.py check_integrity`; the level and its promises"
            " disagree",
        )
    return None


def refusal(problems: Sequence[Problem]) -> InventoryError:
    """Return the one error to raise: a fault before shortages, all of these in one."""
    shortages = []
    for problem in problems:
        if isinstance(problem, InventoryError):
            return problem
        shortages.append(problem)
    return InsufficientStockError(shortages)
