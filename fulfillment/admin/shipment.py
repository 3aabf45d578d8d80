"""Shipments, what is in them, and where carriers saw them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from fulfillment.admin.papers import PACKING_SLIP
from fulfillment.admin.shipment_actions import SHIPMENT_ACTIONS
from fulfillment.models import Shipment, ShipmentItem, TrackingEvent
from fulfillment.services import create_shipment
from orders.admin.order import address_text
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    Preset,
    ReadOnlyAdmin,
    ReadOnlyInline,
    RelatedFilter,
    link_to,
    money,
    named,
    number,
    since,
    status_pill,
    yes_no,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.papers import PapersMixin
from stateset.system.importing.admin import ImportMixin

STATUS = status_pill()
ORDER = link_to("order")
PICK = link_to("fulfillment_order", label="fulfilment order")
LOCATION = link_to("location")
COST = money("shipping_cost")
SHIPPED = since("shipped_at", label="shipped")
EXPECTED = since("estimated_delivery_at", label="expected")
DELIVERED = since("delivered_at", label="delivered")
SHIPMENT = link_to("shipment")
HAPPENED = since("occurred_at", label="when")
LABEL = (("carrier", "service"), ("tracking_number", "package_count"))
TYPED = (
    "carrier",
    "service",
    "tracking_number",
    "package_count",
    "shipping_cost",
    "estimated_delivery_at",
)
UNTIL_IT_LEFT = (
    "carrier",
    "service",
    "tracking_number",
    "package_count",
    "weight_grams",
    "shipping_cost",
)


@admin.display(description="ship to")
def ship_to(shipment: Shipment) -> str:
    return address_text(shipment.ship_to)


class ShipmentItemInline(ReadOnlyInline):
    model = ShipmentItem
    fields = (
        link_to("order_item"),
        link_to("order_item__variant", label="variant"),
        number("quantity"),
    )
    ordering = ("order_item",)
    hide_title = True
    verbose_name_plural = "contents"

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related("order_item__variant", "order_item__order")


class TrackingInline(ReadOnlyInline):
    model = TrackingEvent
    fields = (
        HAPPENED,
        status_pill(),
        "place",
        "description",
        "source",
        yes_no("is_applied", label="moved it"),
    )
    ordering = ("-occurred_at",)
    hide_title = True
    verbose_name_plural = "tracking"


@admin.register(Shipment)
class ShipmentAdmin(ImportMixin, PapersMixin, DocumentAdmin):
    """Adding makes a parcel of all that is packed; then it moves by actions."""

    list_display = (
        "shipment_number",
        ORDER,
        STATUS,
        "carrier",
        "tracking_number",
        SHIPPED,
        EXPECTED,
        "direction",
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("direction", ChoicesFilter),
        ("shipped_at", DateRangeFilter),
        ("estimated_delivery_at", DateRangeFilter),
        ("location", RelatedFilter),
    )
    search_fields = ("shipment_number__startswith", "tracking_number__exact")
    search_through = (
        "order__order_number__startswith",
        "order__customer_email__exact",
    )
    search_help_text = "Shipment, tracking or order number, or customer's e-mail"
    list_select_related = ("order",)
    presets = (
        Preset("to_send", "To send", lambda rows: rows.to_send()),
        Preset("under_way", "Under way", lambda rows: rows.under_way()),
        Preset("late", "Late", lambda rows: rows.late(timezone.now())),
        Preset("expected", "Coming back", lambda rows: rows.expected()),
    )
    ordering = ("-id",)
    told_on = ("order", "fulfillment_order")
    header_columns = (STATUS, SHIPPED, EXPECTED, DELIVERED)
    inlines = (ShipmentItemInline, TrackingInline)
    guided_actions = SHIPMENT_ACTIONS
    papers = (PACKING_SLIP,)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return (
                (None, {"fields": ("fulfillment_order",)}),
                ("Carrier", {"fields": (*LABEL, "shipping_cost")}),
                ("Delivery", {"fields": ("estimated_delivery_at",)}),
            )
        cost = "shipping_cost" if _is_here(obj) else COST
        return (
            (
                None,
                {"fields": (("shipment_number", ORDER), (PICK, LOCATION), ship_to)},
            ),
            ("Carrier", {"fields": (*LABEL, ("weight_grams", cost))}),
            ("Delivery", {"fields": ("estimated_delivery_at", (SHIPPED, DELIVERED))}),
            ("Notes", {"fields": ("status_reason", "notes")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        shown = ("shipment_number", "status", "status_reason", ORDER, PICK, LOCATION)
        closed = () if _is_here(obj) else (*UNTIL_IT_LEFT, COST)
        return (*shown, ship_to, SHIPPED, DELIVERED, *closed)

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "fulfillment_order":
            # Only a customer's parcel, which a return registers, has none.
            field.required = True
        return field

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        typed = form.cleaned_data
        details = {name: typed[name] for name in TYPED}
        become(obj, create_shipment(typed["fulfillment_order"], **details))


@admin.register(ShipmentItem)
class ShipmentItemAdmin(ReadOnlyAdmin):
    """What is in shipments, across all of them."""

    list_display = (
        "__str__",
        SHIPMENT,
        named("order_item__variant", label="variant"),
        number("quantity"),
        status_pill("shipment__status", label="shipment is"),
        since("shipment__shipped_at", label="shipped"),
    )
    list_filter = (
        ("shipment__status", ChoicesFilter),
        ("shipment__shipped_at", DateRangeFilter),
    )
    search_through = (
        "shipment__shipment_number__startswith",
        "shipment__tracking_number__exact",
        "order_item__sku__exact",
    )
    list_select_related = ("shipment", "order_item__order", "order_item__variant")
    ordering = ("-id",)


@admin.register(TrackingEvent)
class TrackingEventAdmin(ReadOnlyAdmin):
    """Scans across all shipments, newest first."""

    list_display = (
        SHIPMENT,
        HAPPENED,
        STATUS,
        "place",
        "description",
        "source",
        yes_no("is_applied", label="moved it"),
    )
    list_display_links = (HAPPENED,)
    list_filter = (
        ("status", ChoicesFilter),
        ("source", ChoicesFilter),
        ("occurred_at", DateRangeFilter),
    )
    search_through = (
        "shipment__shipment_number__startswith",
        "shipment__tracking_number__exact",
    )
    list_select_related = ("shipment",)
    ordering = ("-id",)


def _is_here(shipment: Shipment) -> bool:
    return shipment.status in Shipment.NOT_LEFT_STATUSES
