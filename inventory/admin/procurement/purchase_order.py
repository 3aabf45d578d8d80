"""Purchase orders: drafts are edited, the rest goes by actions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from inventory.admin.procurement.order_actions import ORDER_ACTIONS
from inventory.models import (
    ItemReceipt,
    Location,
    PurchaseOrder,
    PurchaseOrderItem,
    ShippingNotice,
)
from inventory.services.procurement import (
    create_purchase_order,
    recalculate_purchase_order,
)
from stateset.lib.admin import (
    GOOD,
    WAITING,
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    NumberRangeFilter,
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
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.lines import DraftLinesInline, NumberedFormSet, own_page

STATUS = status_pill(colours={"ordered": WAITING})
SUPPLIER = named("supplier")
TOTAL = money("total")
ORDERED = since("ordered_on", label="ordered")
EXPECTED = since("expected_on", label="expected")
FREIGHT = money("shipping_total", label="shipping")
MONEY = (money("subtotal"), money("tax_total", label="tax"), TOTAL)
PEOPLE = (
    link_to("created_by", label="made by"),
    link_to("approved_by", label="approved by"),
    since("approved_at", label="approved"),
)
COUNTS = (
    number("quantity_received", label="received"),
    number("quantity_rejected", label="rejected"),
    number("open_quantity", label="open"),
)
ORDERED_LINE = (
    number("quantity_ordered", label="ordered"),
    number("unit_cost", label="unit cost"),
    number("tax_rate", label="tax rate"),
)
LINE_TOTAL = money("line_total", currency="purchase_order__currency", label="total")
FIXED = ("supplier", "ship_to", "ordered_on", "currency", "shipping_total")
"""What is part of the order as sent, and stays as it was approved."""


class PurchaseOrderItemInline(DraftLinesInline):
    model = PurchaseOrderItem
    formset = NumberedFormSet
    verbose_name_plural = "lines"
    ordering = ("line_number",)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related("purchase_order", "variant")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        typed = ("variant", "quantity_ordered", "unit_cost", "tax_rate")
        if obj is None:
            return typed
        if self.is_open(obj):
            return (*typed, LINE_TOTAL)
        return ("variant", *ORDERED_LINE, LINE_TOTAL, *COUNTS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*ORDERED_LINE, LINE_TOTAL, *COUNTS)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 3 if obj is None else 0


class ReceiptInline(ReadOnlyInline):
    model = ItemReceipt
    verbose_name_plural = "receipts"
    fields = (
        own_page("receipt"),
        link_to("variant"),
        number("quantity", label="received"),
        number("quantity_rejected", label="rejected"),
        status_pill(colours={"posted": GOOD}),
        since("received_at", label="when"),
    )
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("variant")


class NoticeInline(ReadOnlyInline):
    model = ShippingNotice
    verbose_name_plural = "shipping notices"
    fields = (
        own_page("notice"),
        status_pill(),
        "carrier",
        "tracking_number",
        since("expected_at", label="expected"),
    )
    ordering = ("-id",)


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(DocumentAdmin):
    """Adding writes a draft; its header and lines change until it is submitted."""

    list_display = (
        "po_number",
        SUPPLIER,
        STATUS,
        ORDERED,
        EXPECTED,
        named("ship_to", label="to"),
        TOTAL,
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("ordered_on", DateRangeFilter),
        ("expected_on", DateRangeFilter),
        ("total", NumberRangeFilter),
        ("supplier", RelatedFilter),
    )
    search_fields = ("po_number__startswith",)
    search_through = (
        "supplier__code__exact",
        "supplier__name",
        "shipping_notices__tracking_number__exact",
    )
    search_help_text = "Order or tracking number, supplier's code or name"
    list_select_related = ("supplier", "ship_to")
    presets = (
        Preset("open", "Open", lambda rows: rows.open()),
        Preset("due", "Due", lambda rows: rows.due(timezone.now().date())),
        Preset(
            "to_approve", "To approve", lambda rows: rows.filter(status="submitted")
        ),
    )
    ordering = ("-created_at", "-id")
    header_columns = (STATUS, TOTAL, ORDERED, EXPECTED)
    inlines = (PurchaseOrderItemInline, NoticeInline, ReceiptInline)
    guided_actions = ORDER_ACTIONS
    deletable_statuses = (PurchaseOrder.Status.DRAFT,)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        dates = ("ordered_on", "expected_on")
        is_draft = obj is None or obj.status == PurchaseOrder.Status.DRAFT
        costs = ("currency", "shipping_total" if is_draft else FREIGHT)
        if obj is None:
            return (
                (None, {"fields": (("supplier", "ship_to"), dates, costs)}),
                ("Notes", {"fields": ("notes",)}),
            )
        return (
            (None, {"fields": ("po_number", ("supplier", "ship_to"), dates)}),
            ("Money", {"fields": (costs, MONEY)}),
            ("Progress", {"fields": (PEOPLE, "status_reason")}),
            ("Notes", {"fields": ("notes",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ("po_number", "status", "status_reason", FREIGHT, *MONEY, *PEOPLE)
        if obj is None or obj.status == PurchaseOrder.Status.DRAFT:
            return shown
        is_open = obj.status in PurchaseOrder.OPEN_STATUSES
        return (*shown, *FIXED) if is_open else (*shown, *FIXED, "expected_on")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else (PurchaseOrderItemInline,)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        default = Location.objects.filter(is_default=True).first()
        today = timezone.now().date()
        return {"ship_to": default, "ordered_on": today, **initial}

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        typed = (*FIXED, "expected_on", "notes")
        values = {name: form.cleaned_data[name] for name in typed}
        become(obj, create_purchase_order(lines=[], **values))

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        super().save_related(request, form, formsets, change)
        if form.instance.status == PurchaseOrder.Status.DRAFT:
            recalculate_purchase_order(form.instance)


@admin.register(PurchaseOrderItem)
class PurchaseOrderItemAdmin(ReadOnlyAdmin):
    """Lines across all purchase orders: what is coming, and what it costs."""

    list_display = (
        "__str__",
        named("variant"),
        named("purchase_order__supplier", "name", label="supplier"),
        status_pill("purchase_order__status", label="order is"),
        ORDERED_LINE[0],
        *COUNTS,
        LINE_TOTAL,
    )
    list_filter = (
        ("purchase_order__status", ChoicesFilter),
        ("purchase_order__expected_on", DateRangeFilter),
        ("variant", RelatedFilter),
    )
    search_through = (
        "variant__sku__startswith",
        "purchase_order__po_number__startswith",
    )
    search_help_text = "SKU or order number"
    list_select_related = ("purchase_order__supplier", "variant")
    presets = (
        Preset(
            "incoming",
            "Incoming",
            lambda rows: rows.filter(
                purchase_order__status__in=PurchaseOrder.OPEN_STATUSES,
                quantity_received__lt=F("quantity_ordered"),
            ),
        ),
    )
    ordering = ("-id",)
    header_columns = (
        link_to("purchase_order"),
        status_pill("purchase_order__status", label="order is"),
        *COUNTS,
    )

    def picked_as(self, row: Any) -> str:
        """Name the article too: nobody knows a line by its number."""
        return f"{row}: {row.variant}"
