"""What returned units are worth, and what of it is still to be given back."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Sum

from orders.models import OrderItem
from returns.models import ReturnItem, ReturnRequest
from stateset.lib.fields import round_money

Status = ReturnRequest.Status


def worth(item: OrderItem, units: int) -> Decimal:
    """Return what ``units`` of a line that has left cost, tax and discount included."""
    paid = item.total_price + item.tax_amount
    return round_money(paid * units / item.live_quantity, item.order.currency)


def estimated_refund(
    item: OrderItem, *, quantity: int, without: ReturnItem | None = None
) -> Decimal:
    """Return what more units of a line will give back, as far as can be known.

    Never above what other returns, promised and completed, leave of the line's
    price. ``without`` is the line that is estimated anew. Completing the return
    decides: see ``refund_due``.
    """
    units, promised = 0, Decimal(0)
    others = ReturnItem.objects.live().filter(order_item=item)
    if without is not None:
        others = others.exclude(pk=without.pk)
    for row in others.select_related("return_request"):
        came, amount = _units_of(row), row.refund_amount
        if came < row.quantity and row.return_request.status != Status.COMPLETED:
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


def shipping_left(return_request: ReturnRequest) -> Decimal:
    """Return what of the order's freight no return has given back yet."""
    given: Decimal = (
        ReturnRequest.objects.filter(order=return_request.order_id)
        .exclude(pk=return_request.pk)
        .aggregate(sum=Sum("shipping_refund", default=Decimal(0)))["sum"]
    )
    return max(Decimal(0), return_request.order.shipping_total - given)


def settle_lines(items: Iterable[ReturnItem]) -> Decimal:
    """Note on each line what it gives back, and return the sum."""
    total = Decimal(0)
    for item in items:
        item.refund_amount = refund_due(item)
        item.save(update_fields=["refund_amount", "updated_at"])
        total += item.refund_amount
    return total


def _units_of(row: ReturnItem) -> int:
    """Return how many units a return takes of its line, as far as is known."""
    status = row.return_request.status
    if status == Status.REQUESTED:
        return row.quantity
    if status in ReturnRequest.COUNTED_STATUSES:
        return row.quantity_received
    return row.quantity_approved
