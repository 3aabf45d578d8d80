"""Promise stock to the lines of an order: all of it, or what is there.

What a confirmed order still waits for is on backorder: the ``unreserved_quantity``
of its goods. It is taken up by ``reserve_backordered`` when more has come in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, When
from django.utils import timezone

from inventory.errors import InsufficientStockError, Shortage
from inventory.models import StockLevel
from inventory.services.stock import (
    Demand,
    Reference,
    reserve_available,
    reserve_stock,
)
from orders.errors import OrderStateError
from orders.models import Order, OrderItem
from stateset.lib.journal import business_transaction
from stateset.system.services import record_event
from stateset.system.services.locks import claim_row

Lines = list[dict[str, Any]]
"""SKU and quantity of each line, as events tell it."""

TAKEN_UP = "backorder reserved"


def order_reference(order: Order) -> Reference:
    """Return what stock reserved for this order refers to."""
    return Reference("order", order.pk)


def reserve_units(order: Order, *, partly: bool, at: datetime | None) -> Lines:
    """Reserve the lines of an order that has nothing yet; return what is missing.

    Raises InsufficientStockError where units are missing, ``partly`` where all are.
    """
    items = list(order.items.select_related("variant").order_by("pk"))
    stocked = {item.pk: item.quantity for item in items if item.variant.is_stocked}
    if partly and (there := _reserve_there(order, items, at=at)):
        _count(items, there)
        return _waiting(item for item in items if item.variant.is_stocked)
    reserve_stock(
        location=order.location,
        demands=_demands(items),
        reference=order_reference(order),
        at=at,
    )
    order.items.filter(pk__in=stocked).update(
        quantity_reserved=F("quantity"), updated_at=timezone.now()
    )
    return []


def why_not_reserved(order: Order) -> str:
    """Return why nothing more is to be reserved: its state, or it waits for nothing."""
    if order.status not in Order.TO_SHIP_STATUSES:
        return f"it is {order.get_status_display().lower()}"
    return "" if order.backordered_items().exists() else "it waits for nothing"


def why_not_partly(order: Order) -> str:
    """Return why an order is not to be confirmed in part: none or all is there."""
    if order.status != Order.Status.PENDING:
        return f"it is {order.get_status_display().lower()}"
    items = list(order.items.filter(variant__is_stocked=True))
    free = free_units(order, items)
    wanted = Counter[UUID]()
    for demand in _demands(items):
        wanted[demand.variant_id] += demand.quantity
    if not any(free.get(key, 0) for key in wanted):
        return "none of it is there"
    if all(free.get(key, 0) >= units for key, units in wanted.items()):
        return "all of it is there: confirm it"
    return ""


def free_units(order: Order, items: Iterable[OrderItem]) -> dict[UUID, int]:
    """Return the units that lines could be promised where they leave, by variant."""
    levels = StockLevel.objects.filter(
        location=order.location_id, variant__in=[item.variant_id for item in items]
    )
    return levels.free_by_variant(timezone.now())


def reserve_backordered(order: Order, *, at: datetime | None = None) -> int:
    """Reserve what has come in of what an order waits for; return how many units.

    Raises OrderStateError where it waits for nothing, or InsufficientStockError
    where nothing of it is there.
    """
    with business_transaction(reason=TAKEN_UP):
        claim_row(order)
        if why := why_not_reserved(order):
            raise OrderStateError(
                f"Nothing more was reserved for order {order}.",
                why=why,
                fix="reload the page; only orders to ship wait for stock",
            )
        items = list(order.backordered_items().select_related("variant").order_by("pk"))
        there = _reserve_there(order, items, at=at)
        if not there:
            place = order.location.code
            raise InsufficientStockError(
                [
                    Shortage(item.sku, place, item.unreserved_quantity, 0)
                    for item in items
                ]
            )
        _count(items, there)
        record_event(
            order,
            "order.backorder_reserved",
            {
                "lines": [
                    {"sku": item.sku, "quantity": there[item.pk]}
                    for item in items
                    if item.pk in there
                ],
                "backordered": _waiting(items),
            },
            at=at,
        )
    return sum(there.values())


def _reserve_there(
    order: Order, items: list[OrderItem], *, at: datetime | None
) -> dict[UUID, int]:
    return reserve_available(
        location=order.location,
        demands=_demands(items),
        reference=order_reference(order),
        at=at,
    )


def _waiting(items: Iterable[OrderItem]) -> Lines:
    return [
        {"sku": item.sku, "quantity": item.unreserved_quantity}
        for item in items
        if item.unreserved_quantity
    ]


def _demands(items: list[OrderItem]) -> list[Demand]:
    return [
        Demand(item.variant_id, item.unreserved_quantity, item.pk) for item in items
    ]


def _count(items: Iterable[OrderItem], units: dict[UUID, int]) -> None:
    """Add what was reserved to the lines, and to ``items`` as they were read."""
    gained = Case(*(When(pk=key, then=gain) for key, gain in units.items()))
    OrderItem.objects.filter(pk__in=units).update(
        quantity_reserved=F("quantity_reserved") + gained, updated_at=timezone.now()
    )
    for item in items:
        item.quantity_reserved += units.get(item.pk, 0)
