"""Fulfilment orders: the warehouse's queue, and the page of one pick."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join

from fulfillment.admin.fulfillment_actions import FULFILLMENT_ACTIONS
from fulfillment.admin.papers import PICK_LIST
from fulfillment.models import FulfillmentOrder, Shipment, ShipmentItem
from fulfillment.services import release_order
from fulfillment.services.lines import units_to_pick
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    Preset,
    ReadOnlyInline,
    RelatedFilter,
    link_to,
    named,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.lines import own_page
from stateset.lib.admin.paging import PRESET_VAR
from stateset.lib.admin.papers import PapersMixin

STATUS = status_pill()
ORDER = link_to("order")
LOCATION = named("location", label="from")
PICKER = named("assigned_to", "name", label="picker")
SHIP_BY = since("ship_by")
PRIORITY = number("priority")
TIMES = (
    since("created_at", label="released"),
    since("picking_started_at", label="picking since"),
    since("packed_at", label="packed"),
    since("shipped_at", label="shipped"),
)
QUEUES = ("to_pick", "picking", "packed", "late")


@admin.display(description="held for it")
def held_units(row: FulfillmentOrder) -> str:
    """Return the units of each line that are to be picked or in the box."""
    units = units_to_pick(row)
    items = row.order.items.filter(pk__in=list(units)).order_by("line_number")
    return format_html_join(
        "\n",
        "<div>{} × {} {}</div>",
        ((f"{units[item.pk]:,}", item.sku, item.name) for item in items),
    )


@admin.display(description="contents")
def contents(row: Shipment) -> str:
    """Return what is in a shipment, in one line."""
    return ", ".join(
        f"{item.quantity:,} × {item.order_item.sku}" for item in row.items.all()
    )


class ShipmentInline(ReadOnlyInline):
    model = Shipment
    fields = (
        own_page("shipment"),
        status_pill(),
        contents,
        "carrier",
        "tracking_number",
        since("shipped_at", label="shipped"),
        since("estimated_delivery_at", label="expected"),
        since("delivered_at", label="delivered"),
    )
    ordering = ("-id",)
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        items = ShipmentItem.objects.select_related("order_item")
        by_line = items.order_by("order_item__line_number")
        return rows.prefetch_related(Prefetch("items", by_line))


@admin.register(FulfillmentOrder)
class FulfillmentOrderAdmin(PapersMixin, DocumentAdmin):
    """Adding releases an order to the warehouse; from then on it moves by actions."""

    list_display = (
        "fulfillment_number",
        ORDER,
        LOCATION,
        STATUS,
        PRIORITY,
        SHIP_BY,
        PICKER,
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("ship_by", DateRangeFilter),
        ("location", RelatedFilter),
        ("assigned_to", RelatedFilter),
    )
    search_fields = ("fulfillment_number__startswith",)
    search_through = (
        "order__order_number__startswith",
        "order__customer_email__exact",
        "shipments__tracking_number__exact",
    )
    search_help_text = "Number, order, customer's e-mail or tracking number"
    list_select_related = ("order", "location", "assigned_to")
    presets = (
        Preset("to_pick", "To pick", lambda rows: rows.to_pick()),
        Preset("picking", "Picking", lambda rows: rows.open().filter(status="picking")),
        Preset("packed", "Packed", lambda rows: rows.open().filter(status="packed")),
        Preset("late", "Late", lambda rows: rows.late(timezone.now())),
    )
    told_on = ("order",)
    header_columns = (STATUS, SHIP_BY, PRIORITY, PICKER)
    inlines = (ShipmentInline,)
    guided_actions = FULFILLMENT_ACTIONS
    papers = (PICK_LIST,)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Return urgent first in a queue, newest first otherwise.

        Queues are short and meet an index; the whole table would be sorted anew.
        """
        if request.GET.get(PRESET_VAR) in QUEUES:
            return ("-priority", "ship_by", "id")
        return ("-id",)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return (
                (None, {"fields": ("order", "priority", "ship_by")}),
                ("Notes", {"fields": ("notes",)}),
            )
        return (
            (None, {"fields": (("fulfillment_number", ORDER), LOCATION, held_units)}),
            ("Queue", {"fields": ("priority", "ship_by", "assigned_to")}),
            (
                "Progress",
                {"fields": (TIMES[:2], TIMES[2:], "status_reason")},
            ),
            ("Notes", {"fields": ("notes",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        shown = ("fulfillment_number", "status", "status_reason", ORDER, LOCATION)
        closed = (
            ()
            if obj.status in FulfillmentOrder.OPEN_STATUSES
            else ("priority", "ship_by", "assigned_to")
        )
        return (*shown, held_units, *TIMES, *closed)

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        typed = form.cleaned_data
        made = release_order(
            typed["order"],
            priority=typed["priority"],
            ship_by=typed["ship_by"],
            notes=typed["notes"],
        )
        become(obj, made)
