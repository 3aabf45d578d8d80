"""Release orders to the warehouse, and take them back."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from fulfillment.errors import NotReleasableError, UnderWayError
from fulfillment.models import FulfillmentOrder, Shipment
from fulfillment.services.lines import reference_to, units_to_pick
from fulfillment.services.rebooking import give_back
from fulfillment.services.tracking import deliver_with_last_parcel
from inventory.services.stock import allocate_reservations
from orders.models import Order
from orders.services import (
    begin_processing,
    close_order_short,
    order_reference,
    record_delivered,
    record_shipped,
    record_unpacked,
)
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.locks import claim_row, lock_row


def release_order(
    order: Order,
    *,
    priority: int = 0,
    ship_by: datetime | None = None,
    notes: str = "",
    at: datetime | None = None,
) -> FulfillmentOrder:
    """Hand all that is reserved for an order to the warehouse as one order to pick.

    It is to ship by the order's promise unless ``ship_by`` says otherwise. Raises
    NotReleasableError.
    """
    with business_transaction():
        lock_row(order)
        _require_releasable(order)
        begin_processing(order, at=at)
        fulfillment_order = FulfillmentOrder.objects.create(
            fulfillment_number=next_number("FUL", at=at),
            order=order,
            location_id=order.location_id,
            priority=priority,
            ship_by=ship_by or order.promised_at,
            notes=notes,
            created_at=at or timezone.now(),
        )
        allocations = allocate_reservations(
            reservations_of=order_reference(order),
            to=reference_to(fulfillment_order),
            at=at,
        )
        if not allocations:
            raise NotReleasableError(
                f"Order {order} was not released to the warehouse.",
                why="no stock is reserved for it that is not released already",
                fix="look at its fulfilment orders; an order of services alone is"
                " completed without one",
            )
        record_event(
            fulfillment_order,
            "fulfillment_order.released",
            {
                "order": order.order_number,
                "units": sum(allocation.quantity for allocation in allocations),
            },
            at=at,
        )
    return fulfillment_order


def complete_services(order: Order, *, at: datetime | None = None) -> Order:
    """Mark an order of services alone as done; there is nothing to pick or ship."""
    with business_transaction():
        lock_row(order)
        _require_releasable(order)
        goods = order.items.filter(variant__is_stocked=True).first()
        if goods is not None:
            raise NotReleasableError(
                f"Order {order} was not completed.",
                why=f"it has goods to ship ({goods.sku})",
                fix="release it to the warehouse",
            )
        begin_processing(order, at=at)
        record_shipped(order, quantities={}, at=at)
        return record_delivered(order, at=at)


def close_short(order: Order, *, reason: str, at: datetime | None = None) -> Order:
    """Give up what of a partly shipped order will never leave.

    If all that left has arrived, the order is delivered.
    """
    with business_transaction(reason=reason):
        close_order_short(order, reason=reason, at=at)
        return deliver_with_last_parcel(order)


def cancel_fulfillment(
    fulfillment_order: FulfillmentOrder, *, reason: str, at: datetime | None = None
) -> FulfillmentOrder:
    """Take an order back from the warehouse; its stock stays reserved for it.

    Parcels that have not left are cancelled with it. Raises UnderWayError once one
    has.
    """
    order = fulfillment_order.order
    with business_transaction(reason=reason):
        lock_row(order)
        claim_row(fulfillment_order)
        require_transition(fulfillment_order, FulfillmentOrder.Status.CANCELLED)
        _require_nothing_left(fulfillment_order)
        if fulfillment_order.status == FulfillmentOrder.Status.PACKED:
            record_unpacked(order, quantities=units_to_pick(fulfillment_order))
        give_back(fulfillment_order, reason=reason, at=at)
        return close_cancelled(fulfillment_order, reason=reason, at=at)


def close_cancelled(
    fulfillment_order: FulfillmentOrder, *, reason: str, at: datetime | None
) -> FulfillmentOrder:
    """Cancel it and its parcels; the caller has given its stock back."""
    waiting = fulfillment_order.shipments.filter(status__in=Shipment.NOT_LEFT_STATUSES)
    for row in (*waiting.order_by("pk"), fulfillment_order):
        change_status(
            row,
            "cancelled",
            event_type=f"{_event_name(row)}.cancelled",
            at=at,
            payload={"reason": reason},
            status_reason=reason[:255],
        )
    return fulfillment_order


def _event_name(row: FulfillmentOrder | Shipment) -> str:
    return "shipment" if isinstance(row, Shipment) else "fulfillment_order"


def _require_releasable(order: Order) -> None:
    if order.status in (Order.Status.CONFIRMED, Order.Status.PROCESSING):
        return
    fixes = {
        Order.Status.PENDING: "confirm the order first",
        Order.Status.ON_HOLD: "resume the order first",
    }
    raise NotReleasableError(
        f"Order {order} was not released to the warehouse.",
        why=f"it is {order.get_status_display().lower()}",
        fix=fixes.get(Order.Status(order.status), "look at what was done with it"),
    )


def _require_nothing_left(fulfillment_order: FulfillmentOrder) -> None:
    left = fulfillment_order.shipments.filter(shipped_at__isnull=False).first()
    if left is not None:
        raise UnderWayError(
            f"Fulfilment order {fulfillment_order} was not cancelled.",
            why=f"shipment {left} has left",
            fix="ship the rest too; what is shipped comes back as a return",
        )
