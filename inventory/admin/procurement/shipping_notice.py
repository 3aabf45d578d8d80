"""Shipping notices: what suppliers announced, and where it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from inventory.admin.procurement.deliveries import WHAT_IT_DOES, DeliveryForm, receive
from inventory.models import ShippingNotice, ShippingNoticeItem
from inventory.services.procurement import (
    cancel_shipping_notice,
    create_shipping_notice,
    mark_notice_delivered,
    mark_notice_in_transit,
    submit_shipping_notice,
)
from stateset.lib.admin import (
    ActionForm,
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    GuidedAction,
    Preset,
    ReadOnlyAdmin,
    ReasonForm,
    leads_to,
    link,
    link_to,
    named,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.guided import only_from
from stateset.lib.admin.lines import DraftLinesInline

Data = Mapping[str, Any]
Status = ShippingNotice.Status

STATUS = status_pill()
ORDER = link_to("purchase_order", label="order")
EXPECTED = since("expected_at", label="expected")
TIMES = (
    since("delivered_at", label="delivered"),
    since("completed_at", label="completed"),
)
VARIANT = named("purchase_order_item__variant", label="variant")
COUNTS = (
    number("quantity_received", label="received"),
    number("quantity_rejected", label="rejected"),
)


@admin.display(description="order line", ordering="purchase_order_item")
def order_line(item: ShippingNoticeItem) -> str:
    """Return what is delivered as text: the cell itself leads to the line."""
    return str(item.purchase_order_item)


class TransitForm(ActionForm):
    tracking_number = forms.CharField(max_length=100)
    carrier = forms.CharField(max_length=50, required=False)

    def prepare(self) -> None:
        if self.row is not None:
            self.fields["tracking_number"].initial = self.row.tracking_number
            self.fields["carrier"].initial = self.row.carrier


def announce(notice: ShippingNotice, request: HttpRequest, data: Data) -> str:
    submit_shipping_notice(notice)
    return f"Shipping notice {notice} is announced."


def move(notice: ShippingNotice, request: HttpRequest, data: Data) -> str:
    mark_notice_in_transit(
        notice, tracking_number=data["tracking_number"], carrier=data["carrier"]
    )
    return f"Shipping notice {notice} is in transit."


def deliver(notice: ShippingNotice, request: HttpRequest, data: Data) -> str:
    mark_notice_delivered(notice)
    return f"Shipping notice {notice} is delivered; receive it when it was counted."


def book(notice: ShippingNotice, request: HttpRequest, data: Data) -> str:
    receipts = receive(notice, data)
    units = sum(receipt.quantity for receipt in receipts)
    receipt = link(receipts[0])
    return format_html("{} units are in stock by receipt {}.", f"{units:,}", receipt)


def cancel(notice: ShippingNotice, request: HttpRequest, data: Data) -> str:
    cancel_shipping_notice(notice, reason=data["reason"])
    return f"Shipping notice {notice} is cancelled."


ANNOUNCE = GuidedAction(
    "announce",
    "Announce",
    announce,
    explain="Counts the lines as on their way. They can't be changed from then on.",
    refusal=leads_to(Status.SUBMITTED),
)
TRANSIT = GuidedAction(
    "transit",
    "Mark as in transit",
    move,
    explain="Notes that the goods left the supplier.",
    form=TransitForm,
    refusal=leads_to(Status.IN_TRANSIT),
)
DELIVER = GuidedAction(
    "deliver",
    "Mark as delivered",
    deliver,
    explain="Notes that the goods are at the door. Stock changes when they are"
    " received.",
    refusal=only_from(Status.SUBMITTED, Status.IN_TRANSIT),
)
RECEIVE = GuidedAction(
    "receive",
    "Receive",
    book,
    explain=WHAT_IT_DOES,
    form=DeliveryForm,
    refusal=only_from(*ShippingNotice.LIVE_STATUSES),
)
CANCEL = GuidedAction(
    "cancel",
    "Cancel notice",
    cancel,
    explain="The goods are not coming by this delivery; the order keeps them open.",
    form=ReasonForm,
    refusal=leads_to(Status.CANCELLED),
    is_dangerous=True,
)


class ShippingNoticeItemInline(DraftLinesInline):
    model = ShippingNoticeItem
    verbose_name_plural = "lines"
    ordering = ("purchase_order_item__line_number",)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related(
            "shipping_notice",
            "purchase_order_item__purchase_order",
            "purchase_order_item__variant",
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (VARIANT, "quantity_expected", *COUNTS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (VARIANT, *COUNTS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A draft starts with every line that may come: take away what does not.
        return False


@admin.register(ShippingNotice)
class ShippingNoticeAdmin(DocumentAdmin):
    """Adding starts a draft with all the order still expects; then it is announced."""

    list_display = (
        "asn_number",
        ORDER,
        named("purchase_order__supplier", "name", label="supplier"),
        STATUS,
        "carrier",
        "tracking_number",
        EXPECTED,
        TIMES[0],
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("expected_at", DateRangeFilter),
        ("delivered_at", DateRangeFilter),
    )
    search_fields = ("asn_number__startswith", "tracking_number__exact")
    search_through = ("purchase_order__po_number__startswith",)
    search_help_text = "Notice, tracking or order number"
    list_select_related = ("purchase_order__supplier",)
    presets = (
        Preset("coming", "Coming", lambda rows: rows.live()),
        Preset(
            "late",
            "Late",
            lambda rows: rows.filter(
                status__in=(Status.SUBMITTED, Status.IN_TRANSIT),
                expected_at__lt=timezone.now(),
            ),
        ),
    )
    ordering = ("-id",)
    told_on = ("purchase_order",)
    header_columns = (STATUS, ORDER, EXPECTED, *TIMES)
    inlines = (ShippingNoticeItemInline,)
    guided_actions = (ANNOUNCE, TRANSIT, DELIVER, RECEIVE, CANCEL)
    deletable_statuses = (Status.DRAFT,)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        number = () if obj is None else ("asn_number",)
        return (
            (None, {"fields": (*number, "purchase_order")}),
            (
                "Delivery",
                {
                    "fields": (
                        ("carrier", "tracking_number"),
                        "shipped_at",
                        "expected_at",
                    )
                },
            ),
            ("Notes", {"fields": ("notes",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        shown = ("asn_number", "purchase_order", "status")
        if obj.status in (Status.DRAFT, *ShippingNotice.LIVE_STATUSES):
            return shown
        return (*shown, "carrier", "tracking_number", "shipped_at", "expected_at")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        typed = dict(form.cleaned_data)
        order = typed.pop("purchase_order")
        become(obj, create_shipping_notice(order, **typed))


@admin.register(ShippingNoticeItem)
class ShippingNoticeItemAdmin(ReadOnlyAdmin):
    """Lines of announced deliveries, across all notices."""

    list_display = (
        link_to("shipping_notice", label="notice"),
        order_line,
        VARIANT,
        status_pill("shipping_notice__status", label="notice is"),
        number("quantity_expected", label="announced"),
        *COUNTS,
        since("shipping_notice__expected_at", label="expected"),
    )
    list_display_links = (order_line,)
    list_filter = (
        ("shipping_notice__status", ChoicesFilter),
        ("shipping_notice__expected_at", DateRangeFilter),
    )
    search_through = (
        "shipping_notice__asn_number__startswith",
        "purchase_order_item__variant__sku__startswith",
    )
    search_help_text = "Notice number or SKU"
    list_select_related = (
        "shipping_notice",
        "purchase_order_item__purchase_order",
        "purchase_order_item__variant",
    )
    ordering = ("-id",)
    header_columns = (
        link_to("shipping_notice"),
        status_pill("shipping_notice__status", label="notice is"),
    )
