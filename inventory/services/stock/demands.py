"""What a document asks of the stock, in values that need no foreign key upwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from inventory.errors import InvalidQuantityError
from stateset.lib.fields import MOST_UNITS

HIGHEST_COST = Decimal(10) ** 13


@dataclass(frozen=True)
class Reference:
    """The document that asks: one of ``ReferenceType`` and its key."""

    type: str
    id: UUID


@dataclass(frozen=True)
class Demand:
    """So many units of a variant for one line of the document."""

    variant_id: UUID
    quantity: int
    line_id: UUID


def combined(demands: Iterable[Demand]) -> list[Demand]:
    """Return one demand a variant and line, each with a quantity that can be.

    Two demands of one line count together: checked one by one, each would find
    the same units free. Always in the same order: two who reserve for one document
    then wait for each other instead of dead-locking.
    """
    wanted: dict[tuple[UUID, UUID], int] = {}
    for demand in demands:
        require_quantity(demand.quantity)
        key = (demand.variant_id, demand.line_id)
        wanted[key] = wanted.get(key, 0) + demand.quantity
    return [
        Demand(variant_id=variant_id, quantity=quantity, line_id=line_id)
        for (variant_id, line_id), quantity in sorted(wanted.items())
    ]


def require_quantity(quantity: int) -> None:
    """Raise InvalidQuantityError unless ``quantity`` is a number of units."""
    if not 0 < quantity <= MOST_UNITS:
        raise InvalidQuantityError(
            "The quantity is not one that stock can move by.",
            why=f"it is {quantity}",
            fix=f"give a whole number from 1 to {MOST_UNITS}",
        )


def require_cost(unit_cost: Decimal) -> None:
    """Raise InvalidQuantityError unless a unit can cost ``unit_cost``."""
    if not (unit_cost.is_finite() and 0 <= unit_cost < HIGHEST_COST):
        raise InvalidQuantityError(
            "The cost of a unit is not one that stock can have.",
            why=f"it is {unit_cost}",
            fix="give an amount from 0 on, with at most thirteen digits before the"
            " point",
        )
