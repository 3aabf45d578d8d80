"""The steps of an order: confirm, hold, resume, cancel, process, deliver."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from inventory.services.reasons import require_reason
from inventory.services.stock import release_reservations
from orders.errors import OrderStateError, UnitsUnderWayError
from orders.models import Order
from orders.services.placing import require_active
from orders.services.reserving import order_reference, reserve_units
from orders.signals import order_cancelling, order_confirmed, order_delivered
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.locks import claim_row, lock_row
from stateset.system.services.transitions import ChangedMeanwhileError

NOT_PAID = "not paid in time"


def confirm_order(
    order: Order, *, partly: bool = False, at: datetime | None = None
) -> Order:
    """Reserve every line's stock, all or nothing, and confirm the order.

    ``partly`` is content with what is there, unless that is nothing: the rest is on
    backorder until ``reserve_backordered``. Raises InsufficientStockError,
    CustomerNotActiveError, or an error about the order's state; then nothing is
    reserved.
    """
    with business_transaction(reason="order confirmed"):
        claim_row(order)
        _refuse_on_hold(order, "confirmed")
        require_transition(order, Order.Status.CONFIRMED)
        require_active(order.customer)
        missing = reserve_units(order, partly=partly, at=at)
        change_status(
            order,
            Order.Status.CONFIRMED,
            event_type="order.confirmed",
            at=at,
            payload={"backordered": missing} if missing else None,
            confirmed_at=at or timezone.now(),
            status_reason="",
        )
        order_confirmed.send(sender=Order, order=order, at=at)
    return order


def hold_order(order: Order, *, reason: str, at: datetime | None = None) -> Order:
    """Stop the order where it is; it keeps its reserved stock."""
    require_reason(reason, f"Order {order} was not put on hold.")
    with business_transaction(reason=reason):
        claim_row(order)
        return change_status(
            order,
            Order.Status.ON_HOLD,
            event_type="order.held",
            at=at,
            payload={"reason": reason},
            held_from=order.status,
            status_reason=reason[:255],
        )


def resume_order(order: Order, *, at: datetime | None = None) -> Order:
    """Let the order go on from where it was held."""
    with business_transaction(reason="order resumed"):
        claim_row(order)
        if order.status != Order.Status.ON_HOLD:
            raise OrderStateError(
                f"Order {order} was not resumed.",
                why=f"it is {_words(order)}, not on hold",
                fix="reload the page; there is nothing to resume",
            )
        return change_status(
            order,
            order.held_from,
            event_type="order.resumed",
            at=at,
            held_from="",
            status_reason="",
        )


def cancel_order(order: Order, *, reason: str, at: datetime | None = None) -> Order:
    """Cancel the whole order and give its reserved stock back.

    Refused once a unit is packed or shipped. A receiver of ``order_cancelling``
    may veto by raising.
    """
    require_reason(reason, f"Order {order} was not cancelled.")
    with business_transaction(reason=reason):
        claim_row(order)
        require_transition(order, Order.Status.CANCELLED)
        _refuse_units_under_way(order)
        order_cancelling.send(sender=Order, order=order, reason=reason, at=at)
        lock_row(order)
        release_reservations(reference=order_reference(order), reason=reason, at=at)
        order.items.update(
            quantity_reserved=0,
            quantity_cancelled=F("quantity"),
            updated_at=timezone.now(),
        )
        return change_status(
            order,
            Order.Status.CANCELLED,
            event_type="order.cancelled",
            at=at,
            payload={"reason": reason},
            cancelled_at=at or timezone.now(),
            held_from="",
            status_reason=reason[:255],
        )


def cancel_unpaid_orders(*, at: datetime) -> int:
    """Cancel the orders that were to be paid before ``at``; safe to run twice.

    One that is paid, held or released meanwhile is left alone.
    """
    cancelled = 0
    for order in Order.objects.unpaid(at).order_by("pk").iterator():
        with suppress(ChangedMeanwhileError):
            cancel_order(order, reason=NOT_PAID, at=at)
            cancelled += 1
    return cancelled


def begin_processing(order: Order, *, at: datetime | None = None) -> Order:
    """Take a confirmed order into work; one already in work stays as it is."""
    with business_transaction():
        lock_row(order)
        if order.status == Order.Status.PROCESSING:
            return order
        _refuse_on_hold(order, "taken into work")
        return change_status(
            order, Order.Status.PROCESSING, event_type="order.processing", at=at
        )


def record_delivered(order: Order, *, at: datetime | None = None) -> Order:
    """Note that everything has arrived; sends ``order_delivered``."""
    with business_transaction():
        lock_row(order)
        change_status(
            order,
            Order.Status.DELIVERED,
            event_type="order.delivered",
            at=at,
            delivered_at=at or timezone.now(),
        )
        order_delivered.send(sender=Order, order=order, at=at)
    return order


def _refuse_on_hold(order: Order, step: str) -> None:
    if order.status == Order.Status.ON_HOLD:
        raise OrderStateError(
            f"Order {order} was not {step}.",
            why=f"it is on hold: {order.status_reason}",
            fix="resume it first",
        )


def _refuse_units_under_way(order: Order) -> None:
    under_way = [
        f"line {item.line_number} ({item.sku}): {item.quantity_packed} packed, "
        f"{item.quantity_fulfilled} shipped"
        for item in order.items.order_by("line_number")
        if item.quantity_packed or item.quantity_fulfilled
    ]
    if under_way:
        raise UnitsUnderWayError(
            f"Order {order} was not cancelled.",
            why="; ".join(under_way),
            fix="unpack what is packed; have what is shipped sent back as a return",
        )


def _words(order: Order) -> str:
    return order.get_status_display().lower()
