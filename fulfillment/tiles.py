"""What the home page says about the warehouse."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils import timezone

from fulfillment.models import FulfillmentOrder, Shipment
from stateset.lib.tiles import Tile, count_text, list_url


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """Yield what is to pick, and the shipments that are late."""
    now = timezone.now()
    if request.user.has_perm("fulfillment.view_fulfillmentorder"):
        late = count_text(FulfillmentOrder.objects.late(now))
        yield Tile(
            "To pick",
            count_text(FulfillmentOrder.objects.to_pick()),
            note=f"{late} to ship are late" if late != "0" else "",
            url=list_url(FulfillmentOrder, preset="to_pick"),
            level="warning" if late != "0" else "neutral",
            order=100,
        )
    if request.user.has_perm("fulfillment.view_shipment"):
        overdue = count_text(Shipment.objects.late(now))
        yield Tile(
            "Late shipments",
            overdue,
            note="expected earlier, not delivered",
            url=list_url(Shipment, preset="late"),
            level="ok" if overdue == "0" else "critical",
            order=110,
        )
