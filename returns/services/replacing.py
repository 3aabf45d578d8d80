"""Send goods anew in place of those that came back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from orders.models import Order
from orders.services import OrderLine, place_order
from returns.models import ReturnRequest


def place_replacement(return_request: ReturnRequest, *, at: datetime) -> Order:
    """Order the units that came back once more, for nothing, to the same address.

    The order is pending like any other: it is confirmed when stock is there. Placed
    once; raises what ``place_order`` does, as when a variant is not sold any more.
    """
    order = return_request.order
    place = order.location
    items = return_request.items.filter(quantity_received__gt=0)
    return place_order(
        customer=order.customer,
        lines=[
            OrderLine(
                item.order_item.variant, item.quantity_received, unit_price=Decimal(0)
            )
            for item in items.select_related("order_item__variant__product").order_by(
                "order_item__line_number"
            )
        ],
        location=place if place.sells and place.is_active else None,
        currency=order.currency,
        shipping_method=order.shipping_method,
        channel=Order.Channel.PHONE,
        shipping_address=order.shipping_address,
        billing_address=order.billing_address,
        notes=f"In place of what came back of order {order} with return"
        f" {return_request}.",
        idempotency_key=f"return:{return_request.pk}:replacement",
        at=at,
    )
