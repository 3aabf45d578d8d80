"""Give up what of an order will never leave, so that the rest is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from inventory.models import StockReservation
from inventory.services.reasons import require_reason
from inventory.services.stock import release_reservations
from orders.errors import NotClosableError, UnitsUnderWayError
from orders.models import Order, OrderItem
from orders.services.derived import derive_fulfillment_status
from orders.services.editing import save_totals
from orders.services.pricing import price_item
from orders.services.progress import settle_services
from orders.services.reserving import order_reference
from orders.signals import order_closing_short
from stateset.lib.fields import round_money
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, record_event
from stateset.system.services.locks import claim_row

COLUMNS = (
    "quantity_reserved",
    "quantity_cancelled",
    "discount",
    "total_price",
    "tax_amount",
    "updated_at",
)


def close_order_short(
    order: Order, *, reason: str, at: datetime | None = None
) -> Order:
    """Cancel the units of a partly shipped order that have not left; it is shipped.

    They cost nothing any more: lines and totals are reckoned anew, discounts in
    proportion. Raises NotClosableError, or UnitsUnderWayError while any of them is
    picked or packed; a receiver of ``order_closing_short`` may veto by raising.
    """
    require_reason(reason, f"Order {order} was not closed short.")
    with business_transaction(reason=reason):
        claim_row(order)
        items = list(order.items.select_related("variant").order_by("line_number"))
        given_up = units_to_give_up(order, items)
        order_closing_short.send(
            sender=Order, order=order, quantities=given_up, reason=reason, at=at
        )
        release_reservations(reference=order_reference(order), reason=reason, at=at)
        for item in items:
            if item.pk in given_up:
                _give_up(item, given_up[item.pk], currency=order.currency)
        OrderItem.objects.bulk_update(items, COLUMNS)
        save_totals(order, items, shipping_total=None, at=at)
        lines = [
            {"sku": item.sku, "quantity": given_up[item.pk]}
            for item in items
            if item.pk in given_up
        ]
        record_event(
            order, "order.closed_short", {"lines": lines, "reason": reason}, at=at
        )
        return change_status(
            order,
            Order.Status.SHIPPED,
            event_type="order.shipped",
            at=at,
            shipped_at=at or timezone.now(),
            status_reason=reason[:255],
            fulfillment_status=derive_fulfillment_status(settle_services(order)),
        )


def units_to_give_up(order: Order, items: Iterable[OrderItem]) -> dict[UUID, int]:
    """Return the open units of goods, by line; raise if they can't be given up."""
    goods = [item for item in items if item.variant.is_stocked and item.open_quantity]
    refused = f"Order {order} was not closed short."
    if order.status != Order.Status.PROCESSING or not goods:
        raise NotClosableError(
            refused,
            why=f"it is {order.get_status_display().lower()}"
            if goods
            else "nothing of it is open",
            fix="close an order of which a part has left",
        )
    if order.fulfillment_status != Order.FulfillmentStatus.PARTIALLY_FULFILLED:
        raise NotClosableError(
            refused, why="nothing of it has left", fix="cancel the whole order instead"
        )
    _refuse_under_way(order, goods, refused)
    return {item.pk: item.open_quantity for item in goods}


def _refuse_under_way(order: Order, goods: Iterable[OrderItem], refused: str) -> None:
    reserved = _reserved_units(order)
    under_way = [
        f"{units} × {item.sku}"
        for item in goods
        if (units := _promised(item) - reserved.get(item.pk, 0)) > 0
    ]
    if under_way:
        raise UnitsUnderWayError(
            refused,
            why=f"{', '.join(under_way)} are picked or packed",
            fix="ship them, or cancel their fulfilment order first",
        )


def _promised(item: OrderItem) -> int:
    return item.quantity_reserved + item.quantity_packed


def _reserved_units(order: Order) -> Mapping[UUID, int]:
    reference = order_reference(order)
    active = StockReservation.objects.active().filter(
        reference_type=reference.type, reference_id=reference.id
    )
    return {each.reference_line_id: each.open_quantity for each in active}


def _give_up(item: OrderItem, units: int, *, currency: str) -> None:
    left = item.live_quantity - units
    item.discount = round_money(item.discount * left / item.live_quantity, currency)
    item.quantity_cancelled += units
    item.quantity_reserved = 0
    item.updated_at = timezone.now()
    price_item(item, currency=currency)
