"""Change an order that is not confirmed yet: its lines, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import ProtectedError

from orders.errors import LineRefusedError, OrderNotEditableError
from orders.models import Order, OrderItem
from orders.services.addressing import AddressGiven, choose_location, copy_address
from orders.services.derived import derive_payment_status
from orders.services.placing import require_time_to_pay
from orders.services.pricing import (
    OrderLine,
    price_item,
    price_lines,
    require_sellable,
    sum_totals,
)
from orders.signals import order_total_changed
from stateset.lib.fields import round_money
from stateset.lib.journal import business_transaction
from stateset.system.services import record_event
from stateset.system.services.locks import claim_row
from stateset.system.services.transitions import save_columns

FREE_COLUMNS = frozenset({"notes", "promised_at", "pay_by"})
SHIPPING_COLUMNS = frozenset({"channel", "location", "shipping_method"})
BEFORE_THE_WAREHOUSE = (Order.Status.PENDING, Order.Status.CONFIRMED)


def can_edit_lines(order: Order) -> bool:
    """Return whether lines may still change: nothing is promised for them yet."""
    pending = Order.Status.PENDING
    return order.status == pending or order.held_from == pending


def update_order_lines(
    order: Order,
    *,
    lines: Sequence[OrderLine],
    shipping_total: Decimal | None = None,
    at: datetime | None = None,
) -> Order:
    """Make the order consist of exactly these lines, and reckon it anew.

    A line with the number of one that is there replaces it; lines that are not
    given are taken off. Raises OrderNotEditableError once confirmed.
    """
    with business_transaction(reason="order lines changed"):
        claim_row(order)
        _require_editable(order)
        if not lines:
            raise LineRefusedError(
                f"The lines of order {order} were not changed.",
                why="an order needs at least one line",
                fix="keep a line, or cancel the order",
            )
        present = {item.line_number: item for item in order.items.all()}
        require_sellable(
            line for line in lines if _brings_another_variant(line, present)
        )
        items = list(price_lines(lines, currency=order.currency))
        _remove_others(order, keep=[item.line_number for item in items])
        for item in items:
            _put(order, item, in_place_of=present.get(item.line_number))
        return save_totals(order, items, shipping_total=shipping_total, at=at)


def update_order_details(
    order: Order,
    *,
    at: datetime | None = None,
    **columns: Any,
) -> Order:
    """Change notes and times; before confirming also how it ships.

    ``columns`` are of ``FREE_COLUMNS`` and ``SHIPPING_COLUMNS``.
    """
    with business_transaction(reason="order changed"):
        claim_row(order)
        if not FREE_COLUMNS.issuperset(columns):
            _require_editable(order)
        if columns.get("pay_by") != order.pay_by:
            require_time_to_pay(columns.get("pay_by"), at=at)
        if "location" in columns:
            columns["location"] = choose_location(columns["location"])
        save_columns(order, **columns)
        record_event(order, "order.changed", {"columns": sorted(columns)}, at=at)
    return order


def can_change_addresses(order: Order) -> bool:
    """Return whether the warehouse has not got the order yet."""
    return (order.held_from or order.status) in BEFORE_THE_WAREHOUSE


def change_order_addresses(
    order: Order,
    *,
    shipping: AddressGiven = None,
    billing: AddressGiven = None,
    at: datetime | None = None,
) -> Order:
    """Copy another address to ship or to bill to; what is not given stays."""
    given = {"shipping_address": shipping, "billing_address": billing}
    with business_transaction(reason="order addresses changed"):
        claim_row(order)
        if not can_change_addresses(order):
            raise OrderNotEditableError(
                f"The addresses of order {order} were not changed.",
                why=f"it is {order.get_status_display().lower()}",
                fix="tell the warehouse, or cancel the order and order anew",
            )
        copies = {
            column: copy_address(address, customer=order.customer)
            for column, address in given.items()
            if address
        }
        save_columns(order, **copies)
        record_event(order, "order.changed", {"columns": sorted(copies)}, at=at)
    return order


def recalculate_order(
    order: Order,
    *,
    shipping_total: Decimal | None = None,
    at: datetime | None = None,
) -> Order:
    """Reckon the order anew from its own lines, with another freight if given."""
    with business_transaction(reason="order reckoned anew"):
        claim_row(order)
        _require_editable(order)
        items = list(order.items.all())
        for item in items:
            price_item(item, currency=order.currency)
        OrderItem.objects.bulk_update(items, ["total_price", "tax_amount"])
        return save_totals(order, items, shipping_total=shipping_total, at=at)


def _require_editable(order: Order) -> None:
    if can_edit_lines(order):
        return
    raise OrderNotEditableError(
        f"Order {order} was not changed.",
        why=f"it is {order.get_status_display().lower()}",
        fix="lines change only before an order is confirmed; cancel it and order anew",
    )


def _brings_another_variant(line: OrderLine, present: dict[int, OrderItem]) -> bool:
    replaced = present.get(line.line_number or 0)
    return replaced is None or replaced.variant_id != line.variant.pk


def _remove_others(order: Order, *, keep: Iterable[int]) -> None:
    try:
        order.items.exclude(line_number__in=list(keep)).delete()
    except ProtectedError:
        raise OrderNotEditableError(
            f"The lines of order {order} were not changed.",
            why="a line to be taken off is on another document, such as an invoice",
            fix="delete that draft first, or cancel the order",
        ) from None


def _put(order: Order, item: OrderItem, *, in_place_of: OrderItem | None) -> None:
    item.order = order
    if in_place_of is None:
        item.save(force_insert=True)
        return
    item.pk = in_place_of.pk
    item.created_at = in_place_of.created_at
    item.save(force_update=True)


def save_totals(
    order: Order,
    items: Sequence[OrderItem],
    *,
    shipping_total: Decimal | None,
    at: datetime | None,
) -> Order:
    """Write what the order costs with these priced lines, and tell of it."""
    freight = order.shipping_total if shipping_total is None else shipping_total
    totals = sum_totals(items, shipping_total=round_money(freight, order.currency))
    was = order.total_amount
    save_columns(
        order,
        **totals,
        payment_status=derive_payment_status(
            total=totals["total_amount"],
            paid=order.amount_paid,
            refunded=order.amount_refunded,
            authorized=order.amount_authorized,
            failure=order.payment_failure,
        ),
    )
    record_event(order, "order.changed", {**totals}, at=at)
    order_total_changed.send(sender=Order, order=order, was=was, at=at)
    return order
