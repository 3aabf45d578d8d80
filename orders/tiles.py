"""What the home page says about orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from django.http import HttpRequest
from django.utils import timezone

from orders.models import Order
from stateset.lib.tiles import Tile, count_text, list_url

A_WEEK = timedelta(days=7)


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """Yield today's orders, those to ship, and those that are late."""
    if not request.user.has_perm("orders.view_order"):
        return
    now = timezone.now()
    yield orders_today(now)
    yield Tile(
        "To ship",
        count_text(Order.objects.to_ship()),
        url=list_url(Order, preset="to_ship"),
        order=10,
    )
    late = count_text(Order.objects.late(now))
    yield Tile(
        "Late",
        late,
        note="promised for an earlier time",
        url=list_url(Order, preset="late"),
        level="ok" if late == "0" else "critical",
        order=20,
    )


def orders_today(now: datetime) -> Tile:
    """Return the tile that holds today against the same weekday, at the same time."""
    midnight = datetime.combine(now.date(), time(0), tzinfo=UTC)
    a_week_ago = Order.objects.placed_since(midnight - A_WEEK)
    before = count_text(a_week_ago.filter(order_date__lte=now - A_WEEK))
    return Tile(
        "Orders today",
        count_text(Order.objects.placed_since(midnight)),
        note=f"{before} by this time last {now:%A}",
        url=list_url(Order, preset="today"),
        order=0,
    )
