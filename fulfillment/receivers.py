"""What fulfilment does when orders tell it something."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fulfillment.errors import UnderWayError
from fulfillment.models import FulfillmentOrder
from fulfillment.services.lines import reference_to
from fulfillment.services.releasing import close_cancelled
from inventory.services.stock import release_allocations
from orders.models import Order


def take_back_from_warehouse(
    order: Order, reason: str, at: datetime | None, **_: Any
) -> None:
    """Cancel what the warehouse has still to do for a cancelled order.

    Vetoes by UnderWayError where goods are packed or have left.
    """
    started = order.fulfillment_orders.exclude(
        status=FulfillmentOrder.Status.CANCELLED
    ).order_by("pk")
    for fulfillment_order in started.select_for_update(no_key=True):
        if fulfillment_order.status in (
            FulfillmentOrder.Status.PACKED,
            FulfillmentOrder.Status.SHIPPED,
        ):
            raise UnderWayError(
                f"Order {order} was not cancelled.",
                why=f"fulfilment order {fulfillment_order} is"
                f" {fulfillment_order.get_status_display().lower()}",
                fix="cancel it first if it is packed; have what is shipped sent back",
            )
        release_allocations(
            reference=reference_to(fulfillment_order), reason=reason, at=at
        )
        close_cancelled(fulfillment_order, reason=reason, at=at)
