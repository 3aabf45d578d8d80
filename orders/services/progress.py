"""What higher apps report about an order: units packed, shipped, returned; money.

A unit of a stocked line is reserved from confirmation until it is packed, then
packed until it is shipped. Lines of services hold no stock and are never packed:
reports about them are passed over, and they are done with the last goods.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from inventory.models import StockLevel
from orders.errors import OrderStateError, UnitsRefusedError
from orders.models import Order, OrderItem
from orders.services.derived import (
    NOTHING,
    derive_fulfillment_status,
    derive_payment_status,
)
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, record_event
from stateset.system.services.locks import lock_row
from stateset.system.services.transitions import save_columns

Quantities = Mapping[UUID, int]
"""Units by key of the order line."""

COST_STEP = Decimal("0.000001")


def record_packed(order: Order, *, quantities: Quantities) -> Order:
    """Move units from reserved to packed."""
    with business_transaction():
        lock_row(order)
        _require_processing(order, "packed")
        _move(order, quantities, source="quantity_reserved", target="quantity_packed")
    return order


def record_unpacked(order: Order, *, quantities: Quantities) -> Order:
    """Move units from packed back to reserved; also while the order is on hold."""
    with business_transaction():
        lock_row(order)
        _move(order, quantities, source="quantity_packed", target="quantity_reserved")
    return order


def record_shipped(
    order: Order,
    *,
    quantities: Quantities,
    tracking_number: str = "",
    at: datetime | None = None,
) -> Order:
    """Move units from packed to shipped, with their cost; the last ships the order.

    An order of services alone is shipped with no quantities at all.
    """
    with business_transaction():
        lock_row(order)
        _require_processing(order, "shipped")
        _move(order, quantities, source="quantity_packed", target="quantity_fulfilled")
        _note_costs(order, quantities)
        items = settle_services(order)
        columns = {
            "fulfillment_status": derive_fulfillment_status(items),
            "tracking_number": tracking_number or order.tracking_number,
        }
        if any(item.open_quantity for item in items):
            save_columns(order, **columns)
            payload = _by_sku(items, quantities)
            record_event(order, "order.partially_shipped", payload, at=at)
        else:
            change_status(
                order,
                Order.Status.SHIPPED,
                event_type="order.shipped",
                at=at,
                payload=_by_sku(items, quantities),
                shipped_at=at or timezone.now(),
                **columns,
            )
    return order


def record_returned(
    order: Order, *, quantities: Quantities, at: datetime | None = None
) -> Order:
    """Count units as come back; never more than were shipped."""
    with business_transaction():
        lock_row(order)
        for item_id, quantity in _in_key_order(quantities):
            counted = order.items.filter(
                pk=item_id,
                quantity_fulfilled__gte=F("quantity_returned") + quantity,
            ).update(
                quantity_returned=F("quantity_returned") + quantity,
                updated_at=timezone.now(),
            )
            if not counted:
                _refuse_units(order, item_id, quantity, "returned")
        items = list(order.items.all())
        save_columns(order, fulfillment_status=derive_fulfillment_status(items))
        record_event(order, "order.returned", _by_sku(items, quantities), at=at)
    return order


def apply_payment_totals(
    order: Order,
    *,
    paid: Decimal,
    refunded: Decimal,
    authorized: Decimal = NOTHING,
    failure: str = "",
    at: datetime | None = None,
) -> Order:
    """Set what was paid, given back and authorised in all, and the status from it.

    The caller sums the payments after ``lock_row(order)``, so that two of them at
    once can't overwrite each other's sum. What is so already is not written again.
    """
    with business_transaction():
        lock_row(order)
        was = order.payment_status
        totals = {
            "amount_paid": paid,
            "amount_refunded": refunded,
            "amount_authorized": authorized,
            "payment_failure": failure,
            "payment_status": derive_payment_status(
                total=order.total_amount,
                paid=paid,
                refunded=refunded,
                authorized=authorized,
                failure=failure,
            ),
        }
        if all(getattr(order, column) == value for column, value in totals.items()):
            return order
        save_columns(order, **totals)
        record_event(
            order,
            "order.payment_changed",
            {
                "from": was,
                "to": order.payment_status,
                "paid": paid,
                "refunded": refunded,
                "authorized": authorized,
            },
            at=at,
        )
    return order


def _require_processing(order: Order, step: str) -> None:
    if order.status == Order.Status.PROCESSING:
        return
    raise OrderStateError(
        f"Nothing of order {order} was {step}.",
        why=f"it is {order.get_status_display().lower()}, not in work",
        fix=(
            "resume the order first"
            if order.status == Order.Status.ON_HOLD
            else "release the order to the warehouse first"
        ),
    )


def _move(order: Order, quantities: Quantities, *, source: str, target: str) -> None:
    services = set(
        order.items.filter(variant__is_stocked=False).values_list("pk", flat=True)
    )
    for item_id, quantity in _in_key_order(quantities):
        if item_id in services:
            continue
        moved = order.items.filter(pk=item_id, **{f"{source}__gte": quantity}).update(
            **{source: F(source) - quantity, target: F(target) + quantity},
            updated_at=timezone.now(),
        )
        if not moved:
            _refuse_units(order, item_id, quantity, target.removeprefix("quantity_"))


def _in_key_order(quantities: Quantities) -> list[tuple[UUID, int]]:
    for quantity in quantities.values():
        if quantity < 1:
            raise UnitsRefusedError(
                "The units were not recorded.",
                why=f"a quantity is {quantity}",
                fix="give at least 1 unit, or leave the line out",
            )
    return sorted(quantities.items())


def _refuse_units(order: Order, item_id: UUID, quantity: int, step: str) -> None:
    item = order.items.filter(pk=item_id).first()
    if item is None:
        raise UnitsRefusedError(
            f"{quantity} units were not recorded as {step}.",
            why=f"order {order} has no line {item_id}",
            fix="name a line of this order",
        )
    raise UnitsRefusedError(
        f"{quantity} × {item.sku} of order {order} were not recorded as {step}.",
        why=(
            f"of {item.quantity} ordered, {item.quantity_reserved} are reserved, "
            f"{item.quantity_packed} packed, {item.quantity_fulfilled} shipped, "
            f"{item.quantity_returned} returned"
        ),
        fix="give a quantity that is there",
    )


def _note_costs(order: Order, quantities: Quantities) -> None:
    """Average today's cost of the units into what went before of the line."""
    shipped = order.items.filter(pk__in=list(quantities), quantity_fulfilled__gt=0)
    items = list(shipped.order_by("pk"))
    levels = StockLevel.objects.filter(
        location=order.location_id, variant__in=[item.variant_id for item in items]
    )
    costs = dict(levels.values_list("variant_id", "average_cost"))
    for item in items:
        cost = costs.get(item.variant_id)
        if cost is None:
            continue
        now = quantities[item.pk]
        before = item.quantity_fulfilled - now
        spent = (item.unit_cost or Decimal(0)) * before + cost * now
        item.unit_cost = (spent / item.quantity_fulfilled).quantize(COST_STEP)
        item.save(update_fields=["unit_cost", "updated_at"])


def settle_services(order: Order) -> list[OrderItem]:
    """Count services as done once no goods are open; return the lines as they are."""
    items = list(order.items.select_related("variant"))
    if any(item.open_quantity for item in items if item.variant.is_stocked):
        return items
    for item in items:
        if item.open_quantity and not item.variant.is_stocked:
            item.quantity_fulfilled = item.quantity - item.quantity_cancelled
            item.save(update_fields=["quantity_fulfilled", "updated_at"])
    return items


def _by_sku(items: list[OrderItem], quantities: Quantities) -> dict[str, object]:
    lines = [
        {"sku": item.sku, "quantity": quantities[item.pk]}
        for item in items
        if item.pk in quantities
    ]
    return {"lines": lines}
