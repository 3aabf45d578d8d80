"""Lines of invoices: typed in drafts, searched and read on their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from finance.models import Invoice, InvoiceLine
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    ReadOnlyAdmin,
    link_to,
    money,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.lines import DraftLinesInline, NumberedFormSet

SUMS = (
    money("tax_amount", currency="invoice__currency", label="tax"),
    money("line_total", currency="invoice__currency", label="net"),
)
PRICE = number("unit_price", label="price")
DISCOUNT = money("discount", currency="invoice__currency")
RATE = number("tax_rate")
PRICED_BY_ORDER = ("description", PRICE, DISCOUNT, RATE)


class InvoiceLineInline(DraftLinesInline):
    """Typed where the draft has no order; else the order prices them."""

    model = InvoiceLine
    formset = NumberedFormSet
    verbose_name_plural = "lines"
    hide_title = True
    ordering = ("line_number",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("invoice")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and self.is_open(obj) and not _has_order(obj):
            typed = ("description", "quantity", "unit_price", "discount", "tax_rate")
            return (*typed, *SUMS)
        return ("description", "quantity", PRICE, DISCOUNT, RATE, *SUMS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and self.is_open(obj) and not _has_order(obj):
            return SUMS
        return (*PRICED_BY_ORDER, *SUMS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _has_order(obj) and super().has_add_permission(request, obj)


@admin.register(InvoiceLine)
class InvoiceLineAdmin(ReadOnlyAdmin):
    """Lines across all invoices: what was charged, and for what."""

    list_display = (
        link_to("invoice"),
        number("line_number", label="line"),
        "description",
        number("quantity"),
        PRICE,
        *SUMS,
        since("invoice__issued_on", label="issued"),
    )
    list_display_links = ("description",)
    list_filter = (
        ("invoice__kind", ChoicesFilter),
        ("invoice__status", ChoicesFilter),
        ("invoice__issued_on", DateRangeFilter),
    )
    search_through = (
        "invoice__invoice_number__startswith",
        "order_item__sku__exact",
    )
    search_help_text = "Invoice number or SKU"
    list_select_related = ("invoice",)
    ordering = ("-id",)
    header_columns = (
        link_to("invoice"),
        status_pill("invoice__status", label="invoice is"),
        *SUMS,
    )
    export_fields = (
        "invoice__invoice_number",
        "line_number",
        "description",
        "quantity",
        "unit_price",
        "discount",
        "tax_rate",
        "tax_amount",
        "line_total",
        "invoice__currency",
    )


def _has_order(invoice: Invoice | None) -> bool:
    return invoice is not None and invoice.order_id is not None
