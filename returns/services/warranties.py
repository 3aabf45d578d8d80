"""Warranties: begun by delivery, ended by the calendar."""

from __future__ import annotations

import calendar
from datetime import date, datetime

from django.utils import timezone

from orders.models import Order, OrderItem
from returns.models import Warranty
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, next_number, record_event


def register_warranties(order: Order, *, at: datetime | None = None) -> list[Warranty]:
    """Begin one warranty for each delivered line that has one; once a line."""
    moment = at or timezone.now()
    with business_transaction():
        items = (
            order.items.filter(
                variant__product__warranty_months__gt=0,
                quantity_fulfilled__gt=0,
                warranties__isnull=True,
            )
            .select_related("variant__product")
            .order_by("line_number")
        )
        return [_begin(order, item, moment) for item in items]


def void_warranty(warranty: Warranty, *, reason: str) -> Warranty:
    """End a warranty early, saying why."""
    with business_transaction(reason=reason):
        return change_status(
            warranty,
            Warranty.Status.VOID,
            event_type="warranty.voided",
            payload={"reason": reason},
            status_reason=reason[:255],
        )


def expire_warranties(*, on: date) -> int:
    """Expire the active warranties that ended before ``on``; return how many.

    Each in a transaction of its own: stopped half-way, the next run goes on.
    """
    lapsed = list(Warranty.objects.lapsed(on).order_by("ends_on"))
    for warranty in lapsed:
        with business_transaction():
            change_status(
                warranty, Warranty.Status.EXPIRED, event_type="warranty.expired"
            )
    return len(lapsed)


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` calendar months later, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _begin(order: Order, item: OrderItem, moment: datetime) -> Warranty:
    starts_on = moment.date()
    warranty = Warranty.objects.create(
        warranty_number=next_number("WAR", at=moment),
        variant_id=item.variant_id,
        customer_id=order.customer_id,
        order_item=item,
        starts_on=starts_on,
        ends_on=add_months(starts_on, item.variant.product.warranty_months),
    )
    record_event(
        warranty, "warranty.registered", {"order": order.order_number}, at=moment
    )
    return warranty
