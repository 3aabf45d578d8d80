"""Order lines: edited inside a pending order, searched and read on their own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from orders.models import OrderItem
from orders.services import OrderLine, can_edit_lines
from stateset.lib.admin import (
    ReadOnlyAdmin,
    RelatedFilter,
    StatesetTabularInline,
    link_to,
    money,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.amounts import typed_amount, typed_rate
from stateset.system.importing.admin import ImportMixin

QUANTITY = number("quantity", label="ordered")
PRICES = (
    money("unit_price", currency="order__currency", label="price"),
    money("discount", currency="order__currency"),
    money("tax_amount", currency="order__currency", label="tax"),
)
LINE_TOTAL = money("total_price", currency="order__currency", label="total")
OPTIONAL = ("unit_price", "discount", "tax_rate")
UNITS = (
    number("quantity_reserved", label="reserved"),
    number("quantity_packed", label="packed"),
    number("quantity_fulfilled", label="shipped"),
    number("quantity_returned", label="returned"),
    number("quantity_cancelled", label="cancelled"),
)


class OrderLineForm(forms.ModelForm):
    """A line as it is typed; an empty price or rate is that of the catalogue."""

    class Meta:
        model = OrderItem
        fields = ("variant", "quantity", "unit_price", "discount", "tax_rate")
        help_texts = {
            "unit_price": "Empty: as in the catalogue.",
            "tax_rate": "Empty: as in the catalogue. As a fraction: 0.08 is 8 %.",
            "discount": "Money off the whole line.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in OPTIONAL:
            if name in self.fields:
                self.fields[name].required = False
                self.initial[name] = self._shown(name)

    def _shown(self, name: str) -> Decimal | None:
        line = self.instance
        if line._state.adding:
            return None
        if name == "tax_rate":
            return typed_rate(line.tax_rate)
        return typed_amount(getattr(line, name), line.order.currency)

    def line(self) -> OrderLine:
        """Return what was typed, as the service takes it."""
        typed = self.cleaned_data
        return OrderLine(
            variant=typed["variant"],
            quantity=typed["quantity"],
            unit_price=typed["unit_price"],
            discount=typed["discount"] or OrderLine.discount,
            tax_rate=typed["tax_rate"],
            line_number=self.instance.line_number,
        )


class OrderItemInline(StatesetTabularInline):
    model = OrderItem
    form = OrderLineForm
    ordering = ("line_number",)
    verbose_name = "line"
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.select_related("order", "variant__product")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 3 if obj is None else 0

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return OrderLineForm.Meta.fields
        if self.has_change_permission(request, obj):
            return (*OrderLineForm.Meta.fields, LINE_TOTAL)
        return (
            "line_number",
            "variant",
            QUANTITY,
            *PRICES,
            LINE_TOTAL,
            *UNITS,
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("line_number", QUANTITY, *PRICES, LINE_TOTAL, *UNITS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_open(obj) and super().has_delete_permission(request, obj)


def typed_lines(formset: Any) -> list[OrderLine]:
    """Return the lines of a valid formset, without the empty and the deleted ones."""
    return [
        form.line()
        for form in formset.forms
        if form not in formset.deleted_forms
        and (form.has_changed() or not form.instance._state.adding)
    ]


def _is_open(order: Model | None) -> bool:
    return order is None or can_edit_lines(order)  # type: ignore[arg-type]  # an Order


@admin.register(OrderItem)
class OrderItemAdmin(ImportMixin, ReadOnlyAdmin):
    """Lines across all orders; each is edited in its order, while that is pending."""

    list_display = (
        link_to("order"),
        number("line_number", label="line"),
        "sku",
        "name",
        QUANTITY,
        *UNITS[:3],
        LINE_TOTAL,
    )
    list_display_links = ("sku",)
    list_filter = (("variant", RelatedFilter),)
    search_through = (
        "variant__sku__startswith",
        "order__order_number__startswith",
    )
    search_help_text = "SKU or order number"
    list_select_related = ("order",)
    ordering = ("-id",)
    header_columns = (
        link_to("order"),
        status_pill("order__status", label="order is"),
        since("order__order_date", label="ordered"),
    )
    export_fields = (
        "order__order_number",
        "line_number",
        "sku",
        "name",
        "quantity",
        "quantity_reserved",
        "quantity_packed",
        "quantity_fulfilled",
        "quantity_cancelled",
        "quantity_returned",
        "unit_price",
        "discount",
        "tax_rate",
        "tax_amount",
        "total_price",
        "order__currency",
    )

    def picked_as(self, row: Any) -> str:
        """Name the article too: nobody knows a line by its number."""
        return f"{row}: {row.article}"
