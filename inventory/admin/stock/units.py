"""Stock as people count it: grams are stored, kilograms shown."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from stateset.lib.admin import number

Column = Callable[[Any], Any]


def units(field: str, *, of: str = "variant", label: str = "") -> Column:
    """Return a column of stock units; ``of`` leads from the row to its variant."""
    variant_of = attrgetter(of)

    def unit(row: Any) -> str:
        variant = variant_of(row)
        return str(variant.uom) if variant.uom_decimals else ""

    return number(
        field,
        label=label,
        unit=unit,
        decimals=lambda row: int(variant_of(row).uom_decimals),
    )
