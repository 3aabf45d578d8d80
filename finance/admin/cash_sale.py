"""Cash sales: a till with a few lines, and the list of what was sold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from finance.admin.till import TillMixin
from finance.models import CashSale
from finance.services import void_cash_sale
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    GuidedAction,
    NumberRangeFilter,
    Preset,
    ReasonForm,
    RelatedFilter,
    leads_to,
    link_to,
    money,
    money_text,
    named,
    since,
    status_pill,
)

Data = Mapping[str, Any]

STATUS = status_pill()
ORDER = link_to("order")
PAYMENT = link_to("payment")
LOCATION = named("location")
CASHIER = named("cashier", "name")
AMOUNT = money("amount")
SOLD = since("sold_at", label="sold")
TENDERED = (
    money("tendered_amount", label="tendered"),
    money("change_amount", label="change"),
)


def _void(row: CashSale, request: HttpRequest, data: Data) -> str:
    void_cash_sale(row, reason=data["reason"])
    given_back = money_text(row.amount, row.currency)
    return f"Cash sale {row} is void: give {given_back} back."


def _facts(row: CashSale) -> Iterator[tuple[str, str]]:
    yield "Amount", money_text(row.amount, row.currency)
    for item in row.order.items.order_by("line_number"):
        yield item.sku, f"{item.quantity:,} × {item.name}"


VOID = GuidedAction(
    "void",
    "Void",
    _void,
    explain="On the day of the sale only: the goods go back on the shelf and the money"
    " to the customer.",
    form=ReasonForm,
    refusal=leads_to(CashSale.Status.VOIDED),
    facts=_facts,
    is_dangerous=True,
)


@admin.register(CashSale)
class CashSaleAdmin(TillMixin, DocumentAdmin):
    """Adding sells over the counter; a sale is voided, never edited."""

    list_display = (
        "sale_number",
        STATUS,
        ORDER,
        LOCATION,
        CASHIER,
        AMOUNT,
        SOLD,
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("sold_at", DateRangeFilter),
        ("amount", NumberRangeFilter),
        ("location", RelatedFilter),
        ("cashier", RelatedFilter),
    )
    search_fields = ("sale_number__startswith",)
    search_through = (
        "order__order_number__startswith",
        "payment__payment_number__exact",
    )
    search_help_text = "Sale, order or payment number"
    list_select_related = ("order", "location", "cashier")
    presets = (Preset("today", "Today", lambda rows: rows.of_today()),)
    ordering = ("-sold_at",)
    told_on = ("order", "payment")
    header_columns = (STATUS, AMOUNT, SOLD, CASHIER)
    guided_actions = (VOID,)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return (
            (None, {"fields": ("sale_number", (ORDER, PAYMENT), (LOCATION, CASHIER))}),
            ("Money", {"fields": ((AMOUNT, *TENDERED),)}),
            ("Progress", {"fields": (SOLD, "status_reason")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ("sale_number", "status", "status_reason", AMOUNT, *TENDERED, SOLD)
        return (*shown, ORDER, PAYMENT, LOCATION, CASHIER)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the till instead of a form over one table."""
        return self.till_view(request)
