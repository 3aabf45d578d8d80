"""Orders of the past, taken over from another system.

They are written down as they were: no stock is reserved or moved for them. What
lies on the shelf when the books begin comes in as opening stock. Their events are
kept, but nobody outside is told of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import count

from django.db.models import F
from django.utils import timezone

from orders.errors import OrderNotEditableError
from orders.models import Order, OrderItem
from orders.services.derived import derive_fulfillment_status
from orders.services.editing import can_edit_lines, recalculate_order
from orders.services.lifecycle import begin_processing, record_delivered
from orders.services.pricing import OrderLine, price_lines
from stateset.lib.fields import round_money
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, record_event, telling_nobody
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import keep_row, lock_row


@telling_nobody()
def write_past_order(order: Order) -> Order:
    """Write down the head of an order of the past; its lines follow one by one."""
    with business_transaction():
        order.channel = Order.Channel.IMPORT
        # Who is erased meanwhile must not come back with the copy.
        order.customer_email = keep_row(order.customer, "email") or ""
        order.total_amount = order.shipping_total
        order.created_by_id = acting_user_id()
        order.save(force_insert=True)
        payload = {"order_number": order.order_number}
        record_event(order, "order.imported", payload, at=order.order_date)
    return order


@telling_nobody()
def put_past_lines(order: Order, lines: Sequence[OrderLine]) -> Order:
    """Write lines of a pending order, each in place of one of the same variant.

    Raises OrderNotEditableError once goods of the order were shipped.
    """
    with business_transaction():
        lock_row(order)
        require_lines_open(order)
        present = {item.variant_id: item for item in order.items.all()}
        following = count(max((i.line_number for i in present.values()), default=0) + 1)
        numbered = [
            replace(
                line,
                line_number=present[line.variant.pk].line_number
                if line.variant.pk in present
                else next(following),
            )
            for line in lines
        ]
        new = []
        for item in price_lines(numbered, currency=order.currency):
            item.order = order
            if replaced := present.get(item.variant_id):
                item.pk, item.created_at = replaced.pk, replaced.created_at
                item.save(force_update=True)
            else:
                new.append(item)
        OrderItem.objects.bulk_create(new)
        return recalculate_order(order, at=order.order_date)


def require_lines_open(order: Order) -> None:
    """Raise OrderNotEditableError unless lines of the order may still change."""
    if not can_edit_lines(order):
        raise OrderNotEditableError(
            f"The lines of order {order} were not changed.",
            why=f"it is {order.get_status_display().lower()}",
            fix="leave its lines as they are",
        )


@telling_nobody()
def complete_past_order(
    order: Order,
    *,
    shipped_at: datetime,
    delivered_at: datetime | None,
    tracking_number: str = "",
) -> Order:
    """Walk a pending order to shipped, or delivered, without moving any stock."""
    with business_transaction():
        lock_row(order)
        placed_at = order.order_date
        change_status(
            order,
            Order.Status.CONFIRMED,
            event_type="order.confirmed",
            at=placed_at,
            confirmed_at=placed_at,
        )
        begin_processing(order, at=placed_at)
        order.items.update(
            quantity_fulfilled=F("quantity") - F("quantity_cancelled"),
            updated_at=timezone.now(),
        )
        change_status(
            order,
            Order.Status.SHIPPED,
            event_type="order.shipped",
            at=shipped_at,
            shipped_at=shipped_at,
            fulfillment_status=derive_fulfillment_status(order.items.all()),
            tracking_number=tracking_number,
        )
        if delivered_at is not None:
            record_delivered(order, at=delivered_at)
    return order


def discount_of_rate(
    *, unit_price: Decimal, quantity: int, rate: Decimal, currency: str
) -> Decimal:
    """Return what ``rate`` takes off a line whose reduced price is rounded half up."""
    gross = unit_price * quantity
    reduced = round_money(gross * (1 - rate), currency)
    return round_money(gross, currency) - reduced
