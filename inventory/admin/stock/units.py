"""Stock as people count it: grams are stored, kilograms shown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any

from inventory.models import ProductVariant
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


def units_text(count: int, variant: ProductVariant) -> str:
    """Return a number of stock units in words: ``12``, or ``1.5 KG``."""
    if not variant.uom_decimals:
        return f"{count:,}"
    return f"{Decimal(count).scaleb(-variant.uom_decimals):,f} {variant.uom}"


def units_hint(variant: ProductVariant) -> str:
    """Say in what to type a number of units, where that is not plain."""
    if not variant.uom_decimals:
        return ""
    return f"In the smallest unit: {10**variant.uom_decimals:,} is 1 {variant.uom}."
