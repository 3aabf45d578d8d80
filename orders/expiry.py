"""What ends by itself in orders."""

from __future__ import annotations

from orders.services import cancel_unpaid_orders, expire_carts
from stateset.lib.expiry import Expiry


def rules() -> tuple[Expiry, ...]:
    """Return the rules of carts and of orders that wait for their money."""
    return (
        Expiry("orders.carts", "carts closed", expire_carts),
        Expiry("orders.unpaid", "unpaid orders cancelled", cancel_unpaid_orders),
    )
