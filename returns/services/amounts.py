"""What returned units are worth."""

from __future__ import annotations

from decimal import Decimal

from orders.models import OrderItem
from stateset.lib.fields import round_money


def refund_of_units(item: OrderItem, *, before: int, quantity: int) -> Decimal:
    """Return what ``quantity`` units of a line cost, tax and discount included.

    ``before`` units were returned earlier. Each part is the difference of two
    rounded sums, so that returning a line bit by bit gives back exactly its price.
    """
    return _worth(item, before + quantity) - _worth(item, before)


def _worth(item: OrderItem, units: int) -> Decimal:
    paid = item.total_price + item.tax_amount
    return round_money(paid * units / item.quantity, item.order.currency)
