"""Products, places and stock to test with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from inventory.models import (
    Location,
    Product,
    ProductVariant,
    ReferenceType,
    StockLevel,
    Supplier,
)
from inventory.services.stock import Demand, Reference, ensure_level, receive_stock
from tests.serials import next_number


def make_product(**overrides: Any) -> Product:
    number = next_number()
    values = {
        "sku": f"STYLE-{number}",
        "name": f"Style {number}",
        "status": Product.Status.ACTIVE,
    }
    return Product.objects.create(**{**values, **overrides})


def make_variant(**overrides: Any) -> ProductVariant:
    number = next_number()
    values = {"sku": f"SKU-{number}", "name": f"Variant {number}", "price": 10}
    if "product" not in overrides:
        values["product"] = make_product()
    return ProductVariant.objects.create(**{**values, **overrides})


def make_location(**overrides: Any) -> Location:
    number = next_number()
    values = {"code": f"LOC-{number}", "name": f"Location {number}"}
    return Location.objects.create(**{**values, **overrides})


def make_level(
    *,
    variant: ProductVariant | None = None,
    location: Location | None = None,
    on_hand: int = 0,
    unit_cost: Decimal = Decimal(1),
    reorder_point: int = 0,
) -> StockLevel:
    """Make a level that holds ``on_hand`` units, received through the ledger."""
    level = ensure_level(
        variant=variant or make_variant(), location=location or make_location()
    )
    if on_hand:
        receive_stock(
            variant=level.variant,
            location=level.location,
            quantity=on_hand,
            unit_cost=unit_cost,
            reference=make_reference(ReferenceType.OPENING),
            line_id=level.pk,
        )
    if reorder_point:
        StockLevel.objects.filter(pk=level.pk).update(reorder_point=reorder_point)
    level.refresh_from_db()
    return level


def make_supplier(**overrides: Any) -> Supplier:
    number = next_number()
    values = {"code": f"SUP-{number}", "name": f"Supplier {number}"}
    return Supplier.objects.create(**{**values, **overrides})


def make_reference(kind: str = ReferenceType.ORDER) -> Reference:
    return Reference(kind, uuid7())


def make_demand(
    level: StockLevel, quantity: int, line_id: UUID | None = None
) -> Demand:
    return Demand(level.variant_id, quantity, line_id or uuid7())


def quantities(level: StockLevel) -> tuple[int, int, int]:
    """Return on hand, reserved and allocated as the database has them."""
    level.refresh_from_db()
    return level.on_hand, level.reserved, level.allocated
