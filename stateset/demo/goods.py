"""What the demo company buys, makes and sells: ``goods.csv``, row by row."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

SUPPLIERS = {
    "HARIO": ("Kanto Glassworks", "Yokohama", "JP", 12),
    "MAZZA": ("Officine Mazza", "Milano", "IT", 14),
    "BERGEN": ("Bergen Steel", "Bergen", "NO", 9),
    "GREEN": ("Origin Green Coffee", "Hamburg", "DE", 10),
    "PACK": ("Packhaus", "Rotterdam", "NL", 6),
    "CLAY": ("Clay & Kiln", "Stoke-on-Trent", "GB", 8),
}
"""Code: name, city, country, days from order to delivery."""


@dataclass(frozen=True)
class Goods:
    """One SKU: its words, its money, and how much of it is usual.

    ``supplier`` buys it in, ``parts`` (SKU to units) make it; a service has neither.
    ``cost`` and ``price`` are for one stock unit, a gram where ``decimals`` is 3.
    """

    sku: str
    name: str
    category: str
    price: Decimal
    cost: Decimal
    style: str
    variant: str
    supplier: str
    parts: Mapping[str, Decimal]
    popularity: int
    reorder: int
    weight_grams: int | None
    warranty_months: int
    item_type: str
    uom: str
    decimals: int


def read_goods() -> list[Goods]:
    """Return the goods in the order of the file."""
    path = Path(__file__).with_name("goods.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return [_goods(row) for row in csv.DictReader(file)]


def _goods(row: dict[str, str]) -> Goods:
    return Goods(
        sku=row["sku"],
        name=row["name"],
        category=row["category"],
        price=Decimal(row["price"]),
        cost=Decimal(row["cost"]),
        style=row["style"] or row["sku"],
        variant=row["variant"],
        supplier=row["supplier"],
        parts={
            sku: Decimal(units)
            for sku, units in (part.split(":") for part in row["parts"].split())
        },
        popularity=int(row["popularity"]),
        reorder=int(row["reorder"]),
        weight_grams=int(row["weight_grams"]) if row["weight_grams"] else None,
        warranty_months=int(row["warranty_months"]),
        item_type=row["item_type"],
        uom=row["uom"],
        decimals=int(row["decimals"]),
    )
