"""Write purchase orders: lines, their money, and the totals they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict

from django.utils import timezone

from inventory.errors import (
    CurrencyMismatchError,
    InvalidDateError,
    InvalidQuantityError,
    LocationNotUsableError,
    NotADraftError,
)
from inventory.models import (
    Location,
    ProductVariant,
    PurchaseOrder,
    PurchaseOrderItem,
    Supplier,
)
from inventory.services.procurement.suppliers import require_active
from inventory.services.stock.demands import require_cost, require_quantity
from stateset.lib.fields import MOST_MONEY, round_money
from stateset.lib.journal import business_transaction
from stateset.system.services import next_number, record_event
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import lock_row
from stateset.system.services.transitions import save_columns


@dataclass(frozen=True)
class PurchaseLine:
    """One line as asked for; ``tax_rate`` is a fraction."""

    variant: ProductVariant
    quantity: int
    unit_cost: Decimal
    tax_rate: Decimal = Decimal(0)


class PurchaseTotals(TypedDict):
    """The money columns that the lines of a purchase order decide."""

    subtotal: Decimal
    tax_total: Decimal
    shipping_total: Decimal
    total: Decimal


def create_purchase_order(
    *,
    supplier: Supplier,
    lines: Sequence[PurchaseLine],
    ship_to: Location | None = None,
    currency: str | None = None,
    ordered_on: date | None = None,
    expected_on: date | None = None,
    shipping_total: Decimal = Decimal(0),
    notes: str = "",
    at: datetime | None = None,
) -> PurchaseOrder:
    """Write a draft to an active supplier; the default location gets the goods."""
    require_active(supplier, "The purchase order was not made.")
    when = at or timezone.now()
    order = PurchaseOrder(
        supplier=supplier,
        ship_to=ship_to or _default_location(),
        ordered_on=ordered_on or when.date(),
        expected_on=expected_on,
        currency=currency or supplier.currency,
        notes=notes,
        created_by_id=acting_user_id(),
    )
    require_dates(order.ordered_on, expected_on, "The purchase order was not made.")
    require_cost(shipping_total)
    items = [
        PurchaseOrderItem(
            purchase_order=order,
            line_number=number,
            variant=line.variant,
            quantity_ordered=line.quantity,
            unit_cost=line.unit_cost,
            tax_rate=line.tax_rate,
        )
        for number, line in enumerate(lines, 1)
    ]
    totals = _price(items, order.currency, shipping_total)
    for column, amount in totals.items():
        setattr(order, column, amount)
    with business_transaction(reason="purchase order made"):
        order.po_number = next_number("PO", at=at)
        order.save(force_insert=True)
        PurchaseOrderItem.objects.bulk_create(items)
        record_event(order, "purchase_order.created", _payload(order), at=at)
    return order


def recalculate_purchase_order(order: PurchaseOrder) -> PurchaseOrder:
    """Price the lines of a draft anew, after somebody edited them."""
    with business_transaction():
        lock_row(order)
        require_draft(order)
        items = list(order.items.select_related("variant").order_by("line_number"))
        totals = _price(items, order.currency, order.shipping_total)
        PurchaseOrderItem.objects.bulk_update(items, ["line_total"])
        return save_columns(order, **totals)


def require_draft(order: PurchaseOrder) -> None:
    """Raise NotADraftError unless the lines of ``order`` may change."""
    if order.status == PurchaseOrder.Status.DRAFT:
        return
    raise NotADraftError(
        f"Purchase order {order} was not changed.",
        why=f"it is {order.get_status_display().lower()}, not a draft",
        fix="send it back to draft while it waits for approval, or make another one",
    )


def require_dates(ordered_on: date, expected_on: date | None, refused: str) -> None:
    """Raise InvalidDateError if goods are expected before they are ordered."""
    if expected_on is None or expected_on >= ordered_on:
        return
    raise InvalidDateError(
        refused,
        why=f"the goods are expected on {expected_on}, before {ordered_on}",
        fix="give a later day to expect them on, or none",
    )


def _price(
    items: Iterable[PurchaseOrderItem], currency: str, shipping_total: Decimal
) -> PurchaseTotals:
    """Fill ``line_total`` of each item and return the totals of the order."""
    subtotal = tax_total = Decimal(0)
    for item in items:
        _require_possible(item, currency)
        item.line_total = round_money(item.quantity_ordered * item.unit_cost, currency)
        subtotal += item.line_total
        tax_total += round_money(item.line_total * item.tax_rate, currency)
    shipping_total = round_money(shipping_total, currency)
    total = subtotal + tax_total + shipping_total
    if total >= MOST_MONEY:
        raise InvalidQuantityError(
            "The purchase order was not saved.",
            why=f"it would cost {total:,.2f} {currency}",
            fix=f"split it; an order may cost less than {MOST_MONEY:,}",
        )
    return PurchaseTotals(
        subtotal=subtotal,
        tax_total=tax_total,
        shipping_total=shipping_total,
        total=total,
    )


def _require_possible(item: PurchaseOrderItem, currency: str) -> None:
    require_quantity(item.quantity_ordered)
    require_cost(item.unit_cost)
    if not 0 <= item.tax_rate <= 1:
        raise InvalidQuantityError(
            f"{item.variant.sku} was not ordered.",
            why=f"its tax rate is {item.tax_rate}",
            fix="give the rate as a fraction: 0.08 is 8 %",
        )
    if item.variant.currency != currency:
        # Its cost enters the average cost of the stock, which has no rates.
        raise CurrencyMismatchError(
            f"{item.variant.sku} was not ordered.",
            why=f"it is valued in {item.variant.currency}, the order is in {currency}",
            fix=f"order it in {item.variant.currency}",
        )


def _default_location() -> Location:
    location = Location.objects.filter(is_default=True).first()
    if location is None:
        raise LocationNotUsableError(
            "The purchase order was not made.",
            why="no location was named, and none is the default",
            fix="name the location that gets the goods, or make one the default",
        )
    return location


def _payload(order: PurchaseOrder) -> dict[str, object]:
    return {
        "po_number": order.po_number,
        "supplier_id": str(order.supplier_id),
        "currency": order.currency,
        "total": order.total,
    }
