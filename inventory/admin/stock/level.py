"""Stock levels: how many there are, and how to put a number right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from inventory.admin.stock.units import units
from inventory.models import Location, StockLevel, StockTransaction
from inventory.services.stock import (
    adjust_stock,
    count_stock,
    ensure_level,
    transfer_stock,
)
from stateset.lib.admin import (
    ChoicesFilter,
    GuidedAction,
    NumberRangeFilter,
    Preset,
    ReadOnlyInline,
    ReasonForm,
    RelatedFilter,
    StatesetAdmin,
    link_to,
    number,
    since,
)
from stateset.lib.admin.adding import become

Data = Mapping[str, Any]

VARIANT = link_to("variant")
PLACE = link_to("location")
UNITS = (
    units("on_hand"),
    units("reserved"),
    units("allocated"),
    units("available"),
)
COUNTED = since("last_counted_at", label="last counted")
COST = number("average_cost")


class AdjustForm(ReasonForm):
    field_order = ("delta", "reason")

    delta = forms.IntegerField(
        label="Units to add", help_text="Below zero takes units away."
    )


class CountForm(ReasonForm):
    field_order = ("counted", "reason")

    counted = forms.IntegerField(label="Units counted", min_value=0)


class TransferForm(ReasonForm):
    field_order = ("target", "quantity", "reason")

    target = forms.ModelChoiceField(Location.objects.none(), label="To")
    quantity = forms.IntegerField(min_value=1)

    def prepare(self) -> None:
        if self.row is not None:
            places = Location.objects.filter(is_active=True)
            target: Any = self.fields["target"]
            target.queryset = places.exclude(pk=self.row.location_id).order_by("code")
            quantity: Any = self.fields["quantity"]
            quantity.help_text = f"At most {self.row.available} are available."


@admin.display(description="variant", ordering="variant__sku")
def variant_sku(level: StockLevel) -> str:
    """Return the variant as text: the cell itself leads to the level."""
    return str(level.variant)


def _adjust(row: StockLevel, request: HttpRequest, data: Data) -> str:
    adjust_stock(level=row, delta=data["delta"], reason=data["reason"])
    return f"{row} is adjusted by {data['delta']:+,}."


def _count(row: StockLevel, request: HttpRequest, data: Data) -> str:
    count_stock(
        level=row,
        counted=data["counted"],
        expected=row.on_hand,
        reason=data["reason"],
    )
    return f"{row} is counted: {data['counted']:,} on hand."


def _transfer(row: StockLevel, request: HttpRequest, data: Data) -> str:
    transfer_stock(
        variant=row.variant,
        source=row.location,
        target=data["target"],
        quantity=data["quantity"],
        reason=data["reason"],
    )
    return f"{data['quantity']:,} × {row.variant.sku} went to {data['target']}."


def _facts(row: StockLevel) -> Iterator[tuple[str, str]]:
    yield "On hand", f"{row.on_hand:,}"
    yield "Promised", f"{row.reserved + row.allocated:,}"
    yield "Available", f"{row.available:,}"


class LedgerInline(ReadOnlyInline):
    model = StockTransaction
    verbose_name_plural = "ledger"
    fields = (
        since("occurred_at", label="when"),
        "transaction_type",
        units("on_hand_delta", of="level.variant", label="on hand"),
        units("reserved_delta", of="level.variant", label="reserved"),
        units("allocated_delta", of="level.variant", label="allocated"),
        units("on_hand_after", of="level.variant", label="then on hand"),
        "reason",
    )
    ordering = ("-id",)


@admin.register(StockLevel)
class StockLevelAdmin(StatesetAdmin):
    """Numbers are read here and put right by actions, which write the ledger."""

    list_display = (
        variant_sku,
        PLACE,
        *UNITS,
        units("reorder_point", label="reorder at"),
        COUNTED,
    )
    list_filter = (
        ("location", RelatedFilter),
        ("location__kind", ChoicesFilter),
        ("available", NumberRangeFilter),
        ("on_hand", NumberRangeFilter),
    )
    search_through = ("variant__sku__startswith", "variant__name")
    search_help_text = "SKU or name"
    list_select_related = ("variant", "location")
    presets = (Preset("low", "Low", lambda rows: rows.low()),)
    ordering = ("-id",)
    header_columns = UNITS
    inlines = (LedgerInline,)
    guided_actions = (
        GuidedAction(
            "count",
            "Count",
            _count,
            explain="Sets what is on hand to what was counted.",
            form=CountForm,
            facts=_facts,
        ),
        GuidedAction(
            "adjust",
            "Adjust",
            _adjust,
            explain="Adds or takes units, for damage, loss or finds.",
            form=AdjustForm,
            facts=_facts,
        ),
        GuidedAction(
            "transfer",
            "Transfer",
            _transfer,
            explain="Moves available units to another location.",
            form=TransferForm,
            refusal=lambda row: "" if row.available else "nothing is available",
            facts=_facts,
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        reorder = ("Reordering", {"fields": (("reorder_point", "reorder_quantity"),)})
        if obj is None:
            return ((None, {"fields": ("variant", "location")}), reorder)
        return (
            (None, {"fields": ((VARIANT, PLACE), (COST, COUNTED))}),
            reorder,
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else (VARIANT, PLACE, COST, COUNTED)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return () if obj is None else self.inlines

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        """Open an empty level through the service; save when to reorder."""
        if not change:
            typed = form.cleaned_data
            level = ensure_level(variant=typed["variant"], location=typed["location"])
            level.reorder_point = typed["reorder_point"]
            level.reorder_quantity = typed["reorder_quantity"]
            level.save()
            become(obj, level)
            return
        super().save_model(request, obj, form, change)
