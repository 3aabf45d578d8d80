"""Pick and pack what was released."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from fulfillment.errors import OrderOnHoldError, PickQuantityError
from fulfillment.models import FulfillmentOrder
from fulfillment.services.lines import Quantities, line_names, units_to_pick
from fulfillment.services.rebooking import keep_picked
from orders.models import Order
from orders.services import record_packed
from stateset.accounts.models import User
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import claim_row, lock_row


def start_picking(
    fulfillment_order: FulfillmentOrder,
    *,
    picker: User | None = None,
    at: datetime | None = None,
) -> FulfillmentOrder:
    """Give the pick to ``picker``, or to who acts."""
    with business_transaction():
        _require_not_held(fulfillment_order)
        return change_status(
            fulfillment_order,
            FulfillmentOrder.Status.PICKING,
            event_type="fulfillment_order.picking",
            at=at,
            assigned_to_id=picker.pk if picker else acting_user_id(),
            picking_started_at=at or timezone.now(),
        )


def stop_picking(
    fulfillment_order: FulfillmentOrder, *, at: datetime | None = None
) -> FulfillmentOrder:
    """Put a pick back into the queue, for somebody else."""
    with business_transaction():
        return change_status(
            fulfillment_order,
            FulfillmentOrder.Status.PENDING,
            event_type="fulfillment_order.picking_stopped",
            at=at,
            assigned_to_id=None,
            picking_started_at=None,
        )


def pack_fulfillment(
    fulfillment_order: FulfillmentOrder,
    *,
    quantities: Quantities | None = None,
    at: datetime | None = None,
) -> FulfillmentOrder:
    """Note that the pick is packed: all of it, or ``quantities`` by order line.

    What a short pick leaves out goes back to what is reserved for the order, which
    can be released again. Raises PickQuantityError for more than is to be picked.
    """
    with business_transaction():
        order = _require_not_held(fulfillment_order)
        claim_row(fulfillment_order)
        require_transition(fulfillment_order, FulfillmentOrder.Status.PACKED)
        wanted = units_to_pick(fulfillment_order)
        picked = dict(wanted) if quantities is None else _picked(quantities)
        _require_within(fulfillment_order, picked, wanted)
        short = {
            key: count - picked.get(key, 0)
            for key, count in wanted.items()
            if count > picked.get(key, 0)
        }
        if short:
            keep_picked(fulfillment_order, picked, reason="short pick", at=at)
        record_packed(order, quantities=picked)
        return change_status(
            fulfillment_order,
            FulfillmentOrder.Status.PACKED,
            event_type="fulfillment_order.packed",
            at=at,
            payload={"units": sum(picked.values()), "missing": sum(short.values())},
            packed_at=at or timezone.now(),
            status_reason=_shortfall(order, short),
        )


def _require_not_held(fulfillment_order: FulfillmentOrder) -> Order:
    order = lock_row(fulfillment_order.order)
    if order.status == Order.Status.ON_HOLD:
        raise OrderOnHoldError(
            f"Fulfilment order {fulfillment_order} was not changed.",
            why=f"order {order} is on hold: {order.status_reason}",
            fix="resume the order first",
        )
    return order


def _picked(quantities: Quantities) -> dict[UUID, int]:
    return {key: count for key, count in quantities.items() if count}


def _require_within(
    fulfillment_order: FulfillmentOrder, picked: Quantities, wanted: Quantities
) -> None:
    refused = f"Fulfilment order {fulfillment_order} was not packed."
    if not picked:
        raise PickQuantityError(
            refused, why="nothing was picked", fix="cancel it, or stop picking"
        )
    names = line_names(fulfillment_order.order)
    wrong = [
        f"{names.get(key, 'a line of another order')}: {count} picked,"
        f" {wanted.get(key, 0)} to pick"
        for key, count in picked.items()
        if not 0 < count <= wanted.get(key, 0)
    ]
    if wrong:
        raise PickQuantityError(
            refused, why="; ".join(wrong), fix="pack what was to be picked, or less"
        )


def _shortfall(order: Order, short: Quantities) -> str:
    names = line_names(order)
    missing = "; ".join(f"{count} of {names[key]}" for key, count in short.items())
    return f"missing: {missing}"[:255] if missing else ""
