"""What fulfilment adds to the page of an order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from fulfillment.admin.fulfillment_order import ShipmentInline
from fulfillment.models import FulfillmentOrder
from fulfillment.services import close_short, complete_services, release_order
from fulfillment.services.shipping import recipient
from inventory.models import StockReservation
from orders.admin.order import OrderAdmin
from orders.errors import OrdersError
from orders.models import Address, Order
from orders.services import order_reference
from orders.services.closing import units_to_give_up
from stateset.lib.admin import (
    GuidedAction,
    ReadOnlyInline,
    ReasonForm,
    link,
    link_to,
    money_text,
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
    released = link(release_order(row))
    return format_html("Order {} goes to the warehouse as {}.", row, released)


def _complete(row: Order, request: HttpRequest, data: Data) -> str:
    complete_services(row)
    return f"Order {row} is delivered; it has only services."


def _close(row: Order, request: HttpRequest, data: Data) -> str:
    close_short(row, reason=data["reason"])
    too_much = row.amount_paid - row.amount_refunded - row.total_amount
    said = f"Order {row} is {row.get_status_display().lower()} without the rest."
    if too_much <= 0:
        return said
    return f"{said} {money_text(too_much, row.currency)} too much was paid: refund it."


def _refuse_closing(row: Order) -> str:
    try:
        units_to_give_up(row, row.items.select_related("variant"))
    except OrdersError as error:
        return error.why
    return ""


def _closing_facts(row: Order) -> Iterator[tuple[str, str]]:
    """Yield what would never leave."""
    for item in row.items.select_related("variant").order_by("line_number"):
        if item.open_quantity and item.variant.is_stocked:
            yield item.sku, f"{item.open_quantity:,} of {item.quantity:,} given up"


def _refuse_release(row: Order) -> str:
    if row.status not in RELEASABLE:
        return f"it is {row.get_status_display().lower()}"
    return "" if _reserved(row).exists() else "no stock is reserved for it"


def _reserved(row: Order) -> QuerySet[StockReservation]:
    """Return what is reserved for an order and in no pick."""
    reference = order_reference(row)
    return StockReservation.objects.active().filter(
        reference_type=reference.type, reference_id=reference.id
    )


def _release_facts(row: Order) -> Iterator[tuple[str, str]]:
    """Yield where it goes, and what is to be picked."""
    to = recipient(row)
    parts = [to[field] for field in Address.SNAPSHOT_FIELDS if field in to]
    missing = "" if "line1" in to else " (no address yet: change addresses first)"
    yield "Ship to", ", ".join(parts) + missing
    units = {each.reference_line_id: each.open_quantity for each in _reserved(row)}
    for item in row.items.filter(pk__in=list(units)).order_by("line_number"):
        yield item.sku, f"{units[item.pk]:,} × {item.name}"


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
            facts=_release_facts,
            permission=MAY_RELEASE,
            in_bulk=True,
        ),
        GuidedAction(
            "close-short",
            "Close short",
            _close,
            explain="Gives up what has not left: its stock is free again, and the"
            " order costs that much less. This can't be undone.",
            form=ReasonForm,
            refusal=_refuse_closing,
            facts=_closing_facts,
            is_dangerous=True,
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
