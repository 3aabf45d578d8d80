"""What returned units are worth, and what of it is still to be given back."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Sum

from orders.models import OrderItem
from returns.models import ReturnItem, ReturnRequest
from stateset.lib.fields import round_money

Status = ReturnRequest.Status
COUNTED = (Status.RECEIVED, Status.INSPECTED, Status.COMPLETED)
"""Statuses in which the units that came are counted."""

ENDED = (Status.REJECTED, Status.CANCELLED)


def worth(item: OrderItem, units: int) -> Decimal:
    """Return what ``units`` of a line that has left cost, tax and discount included."""
    paid = item.total_price + item.tax_amount
    return round_money(paid * units / item.live_quantity, item.order.currency)


def estimated_refund(item: OrderItem, *, quantity: int) -> Decimal:
    """Return what more units of a line will give back, as far as can be known.

    Never above what other returns, promised and completed, leave of the line's
    price. Completing the return decides: see ``refund_due``.
    """
    units, promised = 0, Decimal(0)
    for row in item.return_items.exclude(
        return_request__status__in=ENDED
    ).select_related("return_request"):
        status, came = row.return_request.status, row.quantity
        amount = row.refund_amount
        if status in COUNTED:
            came = row.quantity_received
        if came < row.quantity and status != Status.COMPLETED:
            amount = min(amount, worth(item, came))
        units += came
        promised += amount
    return max(Decimal(0), worth(item, units + quantity) - promised)


def refund_due(item: ReturnItem) -> Decimal:
    """Return what the units of a line that came give back.

    The difference of what all units given back so far are worth and what was given
    for them: whatever is cancelled or comes short, and in whatever order returns
    are completed, the parts add up to the line's price. Can be one minor unit off
    what was estimated. The caller has the order locked.
    """
    given = (
        ReturnItem.objects.filter(
            order_item=item.order_item_id,
            return_request__status=Status.COMPLETED,
            return_request__resolution=ReturnRequest.Resolution.REFUND,
        )
        .exclude(pk=item.pk)
        .aggregate(
            units=Sum("quantity_received", default=0),
            amount=Sum("refund_amount", default=Decimal(0)),
        )
    )
    units = given["units"] + item.quantity_received
    left: Decimal = worth(item.order_item, units) - given["amount"]
    return max(Decimal(0), left)
