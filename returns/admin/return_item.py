"""What comes back: the lines of a return, as they are typed and as they are kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from orders.models import Order
from returns.models import ReturnItem
from returns.services.returnable import lines_out_there, returnable_quantity
from stateset.lib.admin import (
    ChoicesFilter,
    NumberRangeFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    StatesetTabularInline,
    link_to,
    money,
    named,
    number,
)

EMPTY_LINES = 3
MOST_LINES = 50

LINE_REFUND = money(
    "refund_amount", currency="return_request__currency", label="refund"
)
ARTICLE = named("order_item", "article", label="article")
UNITS = (
    number("quantity", label="asked for"),
    number("quantity_approved", label="approved"),
    number("quantity_received", label="received"),
    "condition",
    number("quantity_restocked", label="restocked"),
    number("quantity_quarantined", label="quarantined"),
    number("quantity_scrapped", label="scrapped"),
)


class NewReturnItemForm(forms.ModelForm):
    """One line of a new return; says how many units could come back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if units := self.initial.get("units_out"):
            self.fields["quantity"].widget.attrs["placeholder"] = f"of {units:,}"


def lines_to_return(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the lines that may come back of the order that the address names."""
    try:
        order = Order.objects.filter(pk=request.GET.get("order", "")).first()
    except ValidationError:
        return []
    if order is None:
        return []
    lines = lines_out_there(order).filter(variant__product__is_returnable=True)
    return [
        {"order_item": line.pk, "units_out": units}
        for line in lines.order_by("line_number")[:MOST_LINES]
        if (units := returnable_quantity(line)) > 0
    ]


class NewReturnItemInline(StatesetTabularInline):
    """The lines of a return that is being opened; fixed afterwards.

    Where the order is known they are there already, and one types units only.
    """

    model = ReturnItem
    form = NewReturnItemForm
    fields = ("order_item", "quantity")
    verbose_name_plural = "what comes back"

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return len(lines_to_return(request)) or EMPTY_LINES

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)


class ReturnItemInline(ReadOnlyInline):
    model = ReturnItem
    fields = (ARTICLE, *UNITS, LINE_REFUND)
    ordering = ("-id",)
    verbose_name_plural = "what comes back"
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related("return_request", "order_item__order")


@admin.display(description="article", ordering="order_item__sku")
def name_of_article(item: ReturnItem) -> str:
    """Return what came back; called so, it gives way to other columns."""
    return item.order_item.article


@admin.register(ReturnItem)
class ReturnItemAdmin(ReadOnlyAdmin):
    """Returned lines across all returns; each is handled in its return."""

    list_display = (
        name_of_article,
        link_to("return_request", label="return"),
        *UNITS[2:],
        LINE_REFUND,
    )
    list_filter = (
        ("condition", ChoicesFilter),
        ("quantity_quarantined", NumberRangeFilter),
        ("quantity_scrapped", NumberRangeFilter),
    )
    search_through = (
        "order_item__sku__startswith",
        "return_request__rma_number__startswith",
    )
    list_select_related = ("return_request", "order_item")
    ordering = ("-id",)
