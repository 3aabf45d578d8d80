"""Bills and work orders as far along as a test needs them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from inventory.models import (
    BillOfMaterials,
    Location,
    ProductVariant,
    StockLevel,
    WorkOrder,
)
from inventory.services.manufacturing import (
    BomLine,
    activate_bom,
    create_bom,
    create_work_order,
    release_work_order,
    start_work_order,
)
from tests.inventory.builders import make_level, make_location, make_variant


def make_bom(
    variant: ProductVariant | None = None,
    *components: ProductVariant,
    **overrides: Any,
) -> BillOfMaterials:
    """Make a draft that takes two of each component."""
    lines = [
        BomLine(component, Decimal(2)) for component in components or [make_variant()]
    ]
    return create_bom(
        variant=variant or make_variant(), **{"lines": lines, **overrides}
    )


def make_active_bom(
    variant: ProductVariant | None = None,
    *components: ProductVariant,
    **overrides: Any,
) -> BillOfMaterials:
    return activate_bom(make_bom(variant, *components, **overrides))


def make_work_order(
    quantity: int = 10,
    *,
    on_hand: int = 20,
    unit_cost: Decimal = Decimal(3),
    location: Location | None = None,
    **overrides: Any,
) -> WorkOrder:
    """Plan an order of one component, two a unit, ``on_hand`` of which are there."""
    location = location or make_location()
    component = make_level(location=location, on_hand=on_hand, unit_cost=unit_cost)
    bom = make_active_bom(None, component.variant)
    return create_work_order(
        variant=bom.variant, quantity=quantity, location=location, **overrides
    )


def make_running_order(quantity: int = 10, **overrides: Any) -> WorkOrder:
    order = release_work_order(make_work_order(quantity, **overrides))
    return start_work_order(order)


def component_level(order: WorkOrder) -> StockLevel:
    component = order.bom.lines.get().component
    return StockLevel.objects.get(variant=component, location=order.location)


def made_level(order: WorkOrder) -> StockLevel:
    return StockLevel.objects.get(variant=order.variant, location=order.location)
