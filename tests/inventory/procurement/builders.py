"""Purchase orders as far along as a test needs them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from inventory.models import PurchaseOrder, StockLevel
from inventory.services.procurement import (
    PurchaseLine,
    approve_purchase_order,
    create_purchase_order,
    send_purchase_order,
    submit_purchase_order,
)
from tests.inventory.builders import make_location, make_supplier, make_variant


def make_purchase_order(
    *quantities: int, unit_cost: Decimal = Decimal("2.50"), **overrides: Any
) -> PurchaseOrder:
    """Make a draft with one line a quantity, each of a variant of its own."""
    values: dict[str, Any] = {
        "supplier": overrides.pop("supplier", None) or make_supplier(),
        "ship_to": overrides.pop("ship_to", None) or make_location(),
        "lines": [
            PurchaseLine(variant=make_variant(), quantity=quantity, unit_cost=unit_cost)
            for quantity in quantities or (10,)
        ],
        "ordered_on": date(2026, 11, 1),
    }
    return create_purchase_order(**{**values, **overrides})


def make_sent_order(*quantities: int, **overrides: Any) -> PurchaseOrder:
    order = make_purchase_order(*quantities, **overrides)
    submit_purchase_order(order)
    approve_purchase_order(order)
    return send_purchase_order(order)


def line_ids(order: PurchaseOrder) -> list[UUID]:
    return list(order.items.order_by("line_number").values_list("pk", flat=True))


def line_counts(order: PurchaseOrder) -> list[tuple[int, int]]:
    """Return received and rejected of each line, as the database has them."""
    return list(
        order.items.order_by("line_number").values_list(
            "quantity_received", "quantity_rejected"
        )
    )


def stock_of(order: PurchaseOrder) -> list[tuple[int, Decimal]]:
    """Return on hand and average cost of each line's variant where it goes."""
    found = []
    for item in order.items.order_by("line_number"):
        level = StockLevel.objects.filter(
            variant=item.variant_id, location=order.ship_to_id
        ).first()
        found.append((level.on_hand, level.average_cost) if level else (0, Decimal(0)))
    return found
