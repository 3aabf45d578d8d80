"""Item receipts: read, reversed, and written by hand where no action did it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from inventory.admin.procurement.costs import cost_doubt
from inventory.models import ItemReceipt, StockLevel
from inventory.services.procurement import (
    receive_opening_stock,
    receive_purchase_order,
    reverse_receipt,
)
from stateset.lib.admin import (
    GOOD,
    ChoicesFilter,
    DateRangeFilter,
    DocumentAdmin,
    GuidedAction,
    Preset,
    ReasonForm,
    RelatedFilter,
    leads_to,
    link_to,
    money,
    named,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.doubts import SEND_AGAIN, SURE, AskingForm

Data = Mapping[str, Any]

STATUS = status_pill(colours={"posted": GOOD})
RECEIVED = since("received_at", label="received")
QUANTITY = number("quantity")
REJECTED = number("quantity_rejected", label="rejected")
COST = money("unit_cost", label="cost of one")
WITHOUT_ORDER = ("variant", "unit_cost", "supplier")
TYPED = (
    "purchase_order_item",
    "variant",
    "location",
    "quantity",
    "quantity_rejected",
    "unit_cost",
    "supplier",
    "received_at",
    "notes",
)


class ReceiptForm(AskingForm, forms.ModelForm):
    """A receipt by hand: on a line of an order, or of stock without one."""

    class Meta:
        model = ItemReceipt
        fields = TYPED
        help_texts = {
            "purchase_order_item": "Empty: stock that came without an order, such as"
            " opening stock. Then give variant and cost below.",
            "variant": "Only without an order.",
            "unit_cost": "Only without an order.",
            "supplier": "Only without an order.",
            "quantity_rejected": "Only on an order: recorded, not put into stock.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in WITHOUT_ORDER:
            if name in self.fields:
                self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if typed.get("purchase_order_item") is None:
            for name in ("variant", "unit_cost"):
                if typed.get(name) is None and name not in self.errors:
                    self.add_error(name, "Needed for stock without an order.")
            if typed.get("quantity_rejected"):
                self.add_error("quantity_rejected", "Nothing is rejected without one.")
        elif any(typed.get(name) is not None for name in WITHOUT_ORDER):
            self.add_error(
                "purchase_order_item",
                "The order says variant, cost and supplier: leave those empty.",
            )
        if not self.errors:
            self._ask_about_cost(typed)
        return typed

    def _ask_about_cost(self, typed: Data) -> None:
        """Have the form shown once more where the cost is most unlikely."""
        item = typed.get("purchase_order_item")
        cost = (item.variant, item.unit_cost) if item else None
        doubt = cost_doubt([cost or (typed["variant"], typed["unit_cost"])])
        if not self.is_sure(doubt):
            self.add_error(None, f"{doubt} {SEND_AGAIN}")


def make_receipt(typed: Data) -> ItemReceipt:
    """Book what was typed and return its receipt."""
    item = typed["purchase_order_item"]
    if item is None:
        return receive_opening_stock(
            variant=typed["variant"],
            location=typed["location"],
            quantity=typed["quantity"],
            unit_cost=typed["unit_cost"],
            supplier=typed["supplier"],
            notes=typed["notes"],
            at=typed["received_at"],
        )
    (receipt,) = receive_purchase_order(
        item.purchase_order,
        quantities={item.pk: typed["quantity"]},
        rejected={item.pk: typed["quantity_rejected"]},
        location=typed["location"],
        notes=typed["notes"],
        at=typed["received_at"],
    )
    return receipt


def reverse(receipt: ItemReceipt, request: HttpRequest, data: Data) -> str:
    reverse_receipt(receipt, reason=data["reason"])
    return f"Receipt {receipt} is reversed; its units left the stock."


def stock_facts(receipt: ItemReceipt) -> Iterator[tuple[str, str]]:
    """Yield what a reversal takes out, and whether it is there."""
    yield "Taken out", f"{receipt.quantity:,} of {receipt.variant.sku}"
    levels = StockLevel.objects.filter(
        variant=receipt.variant_id, location=receipt.location_id
    )
    free = levels.free_by_variant(timezone.now()).get(receipt.variant_id, 0)
    yield f"Available at {receipt.location.code}", f"{free:,}"


REVERSE = GuidedAction(
    "reverse",
    "Reverse",
    reverse,
    explain="Takes the units out of stock again, while nobody was promised them, and"
    " opens the line of the order.",
    form=ReasonForm,
    refusal=leads_to(ItemReceipt.Status.REVERSED),
    facts=stock_facts,
    is_dangerous=True,
)


@admin.register(ItemReceipt)
class ItemReceiptAdmin(DocumentAdmin):
    """Posted at once and corrected by a reversal; only the notes are edited."""

    list_display = (
        "receipt_number",
        link_to("purchase_order", label="order"),
        named("variant"),
        link_to("location", "code", label="into"),
        QUANTITY,
        REJECTED,
        COST,
        STATUS,
        RECEIVED,
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("received_at", DateRangeFilter),
        ("supplier", RelatedFilter),
        ("variant", RelatedFilter),
    )
    search_fields = ("receipt_number__startswith",)
    search_through = (
        "purchase_order__po_number__startswith",
        "variant__sku__startswith",
        "supplier__name",
    )
    search_help_text = "Receipt or order number, SKU, supplier's name"
    list_select_related = ("purchase_order", "variant", "location")
    presets = (
        Preset(
            "rejected", "Rejected", lambda rows: rows.filter(quantity_rejected__gt=0)
        ),
        Preset("reversed", "Reversed", lambda rows: rows.filter(status="reversed")),
    )
    ordering = ("-received_at", "-id")
    told_on = ("purchase_order",)
    header_columns = (STATUS, QUANTITY, REJECTED, COST, RECEIVED)
    guided_actions = (REVERSE,)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return (
                (None, {"fields": ("purchase_order_item", SURE)}),
                (
                    "Without an order",
                    {"fields": (("variant", "unit_cost"), "supplier")},
                ),
                (
                    "What came in",
                    {"fields": ("location", ("quantity", "quantity_rejected"))},
                ),
                ("When", {"fields": ("received_at", "notes")}),
            )
        return (
            (None, {"fields": (("receipt_number", "supplier"),)}),
            (
                "For",
                {
                    "fields": (
                        ("purchase_order", "purchase_order_item"),
                        "shipping_notice_item",
                    )
                },
            ),
            ("What came in", {"fields": (("variant", "location"), "received_by")}),
            ("Notes", {"fields": ("status_reason", "notes")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        shown = ("purchase_order", "purchase_order_item", "shipping_notice_item")
        people = ("receipt_number", "supplier", "received_by", "status_reason")
        return (*shown, *people, "variant", "location", "status")

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 -- Django's own
        **kwargs: Any,
    ) -> type[Any]:
        if obj is None:
            kwargs["form"] = ReceiptForm
        return super().get_form(request, obj, change, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"received_at": timezone.now(), **initial}

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            become(obj, make_receipt(form.cleaned_data))
