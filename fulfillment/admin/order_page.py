"""What fulfilment adds to the page of an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from fulfillment.admin.fulfillment_order import ShipmentInline
from fulfillment.models import FulfillmentOrder
from fulfillment.services import complete_services, release_order
from inventory.models import StockReservation
from orders.admin.order import OrderAdmin
from orders.models import Order
from orders.services import order_reference
from stateset.lib.admin import (
    GuidedAction,
    ReadOnlyInline,
    link_to,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.lines import own_page

Data = Mapping[str, Any]

RELEASABLE = (Order.Status.CONFIRMED, Order.Status.PROCESSING)
MAY_RELEASE = "fulfillment.add_fulfillmentorder"


class FulfillmentOrderInline(ReadOnlyInline):
    model = FulfillmentOrder
    fields = (
        own_page("fulfilment order"),
        status_pill(),
        link_to("location", label="from"),
        number("priority"),
        since("ship_by"),
        link_to("assigned_to", label="picker"),
    )
    ordering = ("-id",)
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("location", "assigned_to")


def _release(row: Order, request: HttpRequest, data: Data) -> str:
    return f"Order {row} goes to the warehouse as {release_order(row)}."


def _complete(row: Order, request: HttpRequest, data: Data) -> str:
    complete_services(row)
    return f"Order {row} is delivered; it has only services."


def _refuse_release(row: Order) -> str:
    if row.status not in RELEASABLE:
        return f"it is {row.get_status_display().lower()}"
    reference = order_reference(row)
    reserved = StockReservation.objects.active().filter(
        reference_type=reference.type, reference_id=reference.id
    )
    return "" if reserved.exists() else "no stock is reserved for it"


def _refuse_completion(row: Order) -> str:
    if row.status not in RELEASABLE:
        return f"it is {row.get_status_display().lower()}"
    has_goods = row.items.filter(variant__is_stocked=True).exists()
    return "it has goods to ship" if has_goods else ""


OrderAdmin.extend(
    inlines=(FulfillmentOrderInline, ShipmentInline),
    actions=(
        GuidedAction(
            "release",
            "Release to warehouse",
            _release,
            explain="All that is reserved for it is to be picked now.",
            refusal=_refuse_release,
            permission=MAY_RELEASE,
            in_bulk=True,
        ),
        GuidedAction(
            "complete",
            "Complete services",
            _complete,
            explain="It has nothing to ship: it counts as delivered now.",
            refusal=_refuse_completion,
            permission=MAY_RELEASE,
        ),
    ),
)
