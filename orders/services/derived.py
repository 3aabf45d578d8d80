"""Payment and fulfilment states: pure functions of money and quantities."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from orders.models import Order, OrderItem

NOTHING = Decimal(0)


def derive_payment_status(
    *,
    total: Decimal,
    paid: Decimal,
    refunded: Decimal,
    authorized: Decimal = NOTHING,
    failure: str = "",
) -> str:
    """Return the payment status of an order of ``total``; nothing to pay is paid.

    ``authorized`` is what open authorisations come to, ``failure`` how the last
    payment ended if it brought nothing: each shows only before any money does.
    """
    status = Order.PaymentStatus
    if refunded > 0:
        return status.REFUNDED if refunded >= paid else status.PARTIALLY_REFUNDED
    if paid >= total:
        return status.PAID
    if paid > 0:
        return status.PARTIALLY_PAID
    if authorized >= total:
        return status.AUTHORIZED
    return failure or status.PENDING


def derive_fulfillment_status(items: Iterable[OrderItem]) -> str:
    """Return the fulfilment status of an order with these lines."""
    lines = list(items)
    return fulfillment_status_of(
        shipped=sum(line.quantity_fulfilled for line in lines),
        returned=sum(line.quantity_returned for line in lines),
        unshipped=sum(line.open_quantity for line in lines),
    )


def fulfillment_status_of(*, shipped: int, returned: int, unshipped: int) -> str:
    """Return the fulfilment status of an order with so many units.

    While units are still to leave, returns of earlier ones do not show.
    """
    status = Order.FulfillmentStatus
    if shipped == 0:
        return status.UNFULFILLED
    if unshipped:
        return status.PARTIALLY_FULFILLED
    if returned == 0:
        return status.FULFILLED
    return status.RETURNED if returned >= shipped else status.PARTIALLY_RETURNED
