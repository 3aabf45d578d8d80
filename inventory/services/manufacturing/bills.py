"""Write bills of materials, and work out what a build needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from inventory.errors import (
    BomCycleError,
    BomMissingError,
    InvalidQuantityError,
    NotStockedError,
)
from inventory.models import BillOfMaterials, BomLineItem, ProductVariant
from inventory.services.stock.demands import require_quantity
from stateset.lib.journal import business_transaction
from stateset.system.services import next_number, record_event


@dataclass(frozen=True)
class BomLine:
    """One component as asked for; ``scrap_rate`` is a fraction below 1."""

    component: ProductVariant
    quantity_per: Decimal
    scrap_rate: Decimal = Decimal(0)
    notes: str = ""


def create_bom(
    *,
    variant: ProductVariant,
    lines: Sequence[BomLine],
    revision: str = "",
    name: str = "",
    output_quantity: int = 1,
    notes: str = "",
    at: datetime | None = None,
) -> BillOfMaterials:
    """Write a draft bill; without a revision it gets the next free one."""
    refused = f"The bill of materials for {variant.sku} was not made."
    require_stocked(variant, refused)
    require_quantity(output_quantity)
    for line in lines:
        require_possible(variant, line, refused)
    with business_transaction(reason="bill of materials made"):
        bom = BillOfMaterials.objects.create(
            bom_number=next_number("BOM", at=at),
            variant=variant,
            revision=revision or next_revision(variant),
            name=name or variant.name,
            output_quantity=output_quantity,
            notes=notes,
        )
        BomLineItem.objects.bulk_create(
            BomLineItem(
                bom=bom,
                line_number=number,
                component=line.component,
                quantity_per=line.quantity_per,
                scrap_rate=line.scrap_rate,
                notes=line.notes,
            )
            for number, line in enumerate(lines, 1)
        )
        record_event(
            bom,
            "bom.created",
            {"bom_number": bom.bom_number, "revision": bom.revision},
            at=at,
        )
    return bom


def copy_bom(bom: BillOfMaterials, *, at: datetime | None = None) -> BillOfMaterials:
    """Copy a bill to a new draft revision, which may be changed."""
    return create_bom(
        variant=bom.variant,
        lines=[
            BomLine(
                component=line.component,
                quantity_per=line.quantity_per,
                scrap_rate=line.scrap_rate,
                notes=line.notes,
            )
            for line in bom.lines.select_related("component").order_by("line_number")
        ],
        name=bom.name,
        output_quantity=bom.output_quantity,
        notes=bom.notes,
        at=at,
    )


def check_bom(bom: BillOfMaterials) -> list[BomLineItem]:
    """Return the lines of a bill; raise if one can't stand on it."""
    refused = f"Bill {bom} was not saved."
    require_stocked(bom.variant, refused)
    lines = list(bom.lines.select_related("component").order_by("line_number"))
    for line in lines:
        require_possible(bom.variant, line, refused)
    return lines


def active_bom(variant: ProductVariant) -> BillOfMaterials:
    """Return the bill that ``variant`` is made from now; raise BomMissingError."""
    bom = variant.boms.filter(status=BillOfMaterials.Status.ACTIVE).first()
    if bom is None:
        raise BomMissingError(
            f"{variant.sku} can't be made.",
            why="it has no active bill of materials",
            fix="activate a revision of its bill first",
        )
    return bom


def required_quantity(bom: BillOfMaterials, line: BomLineItem, build: int) -> int:
    """Return how many units of the component a build of ``build`` units takes.

    Rounded up: stock is counted in whole units.
    """
    per_output = Fraction(line.quantity_per) / (1 - Fraction(line.scrap_rate))
    return math.ceil(Fraction(build, bom.output_quantity) * per_output)


def next_revision(variant: ProductVariant) -> str:
    """Return the first of A, B, … Z, AA, … that no bill of ``variant`` has."""
    taken = set(variant.boms.values_list("revision", flat=True))
    number = 1
    while (revision := _letters(number)) in taken:
        number += 1
    return revision


def require_stocked(variant: ProductVariant, refused: str) -> None:
    """Raise NotStockedError for what no units can be made of."""
    if not variant.is_stocked:
        raise NotStockedError(
            refused,
            why=f"no stock of {variant.sku} is kept, so none can be made",
            fix="choose a variant that has units to count",
        )


def require_possible(
    variant: ProductVariant, line: BomLine | BomLineItem, refused: str
) -> None:
    """Raise unless ``line`` can stand on a bill of ``variant``."""
    if line.component == variant:
        raise BomCycleError(
            refused,
            why=f"{variant.sku} would be made from itself",
            fix="take that line off",
        )
    if line.quantity_per <= 0 or not 0 <= line.scrap_rate < 1:
        raise InvalidQuantityError(
            refused,
            why=f"{line.component.sku} is wanted {line.quantity_per} times with"
            f" {line.scrap_rate} scrap",
            fix="give a quantity above 0, and scrap as a fraction below 1",
        )


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
