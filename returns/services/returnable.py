"""Which units of an order may come back, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet, Sum

from orders.models import Order, OrderItem
from returns.errors import NothingToReturnError
from returns.models import ReturnItem, ReturnRequest


def lines_out_there(order: Order) -> QuerySet[OrderItem]:
    """Return the lines of which units were shipped, and not all are back."""
    return order.items.filter(quantity_fulfilled__gt=F("quantity_returned"))


def returnable_quantity(item: OrderItem) -> int:
    """Return the shipped units of a line that are neither back nor on their way.

    The caller has the order locked where it acts on the answer.
    """
    asked = Q(return_request__status=ReturnRequest.Status.REQUESTED)
    agreed = Q(return_request__status__in=ReturnRequest.EXPECTED_STATUSES)
    under_way = ReturnItem.objects.filter(order_item=item).aggregate(
        asked=Sum("quantity", filter=asked, default=0),
        agreed=Sum(
            F("quantity_approved") - F("quantity_received"), filter=agreed, default=0
        ),
    )
    promised: int = under_way["asked"] + under_way["agreed"]
    return item.quantity_fulfilled - item.quantity_returned - promised


def require_returnable(item: OrderItem, quantity: int, *, refused: str) -> None:
    """Raise NothingToReturnError unless that many units of a line may come back."""
    left = returnable_quantity(item)
    why, fix = "", "change the quantity or leave the line out"
    if not item.variant.product.is_returnable:
        why = f"the product {item.variant.product} is not one that is taken back"
        fix = "leave the line out, or tick 'is returnable' on the product first"
    elif quantity < 1:
        why = f"{quantity} × {item.sku} is no quantity"
    elif quantity > left:
        why = f"of {item.sku}, {left} shipped units can still come back"
    if why:
        raise NothingToReturnError(refused, why=why, fix=fix)


def is_past_window(order: Order, items: Iterable[OrderItem], moment: datetime) -> bool:
    """Return whether one of the lines is too old to come back without asking."""
    arrived = order.delivered_at or order.shipped_at
    if arrived is None:
        return False
    days = min(item.variant.product.return_window_days for item in items)
    return moment > arrived + timedelta(days=days)
