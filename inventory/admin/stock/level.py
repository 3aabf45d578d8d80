"""Stock levels: how many there are, and how to put a number right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from inventory.admin.stock.level_actions import LEVEL_ACTIONS
from inventory.admin.stock.units import units
from inventory.models import (
    StockAllocation,
    StockLevel,
    StockReservation,
    StockTransaction,
)
from inventory.services.stock import ensure_level
from stateset.lib.admin import (
    ChoicesFilter,
    NumberRangeFilter,
    Preset,
    ReadOnlyInline,
    RelatedFilter,
    StatesetAdmin,
    link_to,
    named,
    number,
    since,
    status_pill,
)
from stateset.lib.admin.adding import become
from stateset.lib.admin.lines import own_page

Data = Mapping[str, Any]

VARIANT = link_to("variant")
PLACE = named("location")
HELD = units("held", label="reserved")
FREE = units("free", label="available")
# Sorted as the books have it, which meets an index.
HELD.admin_order_field = "reserved"  # type: ignore[attr-defined]  # Django's own
FREE.admin_order_field = "available"  # type: ignore[attr-defined]  # Django's own
UNITS = (units("on_hand"), HELD, units("allocated"), FREE)
COUNTED = since("last_counted_at", label="last counted")
COST = number("average_cost")


@admin.display(description="variant", ordering="variant__sku")
def name_of_variant(level: StockLevel) -> str:
    """Return the variant as text: the cell itself leads to the level."""
    return str(level.variant)


class FreeFilter(NumberRangeFilter):
    """Units available, with those of reservations that ran out."""

    def conditions(self) -> dict[str, Any]:
        """Return what was typed, of ``free``; an upper end meets the index too."""
        typed = super().conditions()
        free = {key.replace("available", "free"): typed[key] for key in typed}
        typed.pop("available__gte", None)
        return typed | free


PROMISE = (
    own_page("units"),
    status_pill(),
    "reference_type",
    units("quantity_fulfilled", of="level.variant", label="fulfilled"),
    units("quantity_released", of="level.variant", label="released"),
    since("created_at", label="made"),
)


class ReservationsInline(ReadOnlyInline):
    model = StockReservation
    verbose_name_plural = "reservations"
    fields = (*PROMISE, since("expires_at", label="expires"))
    ordering = ("-id",)
    page_size = 10


class AllocationsInline(ReadOnlyInline):
    model = StockAllocation
    verbose_name_plural = "allocations"
    fields = PROMISE
    ordering = ("-id",)
    page_size = 10


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
        name_of_variant,
        PLACE,
        *UNITS,
        units("reorder_point", label="reorder at"),
        COUNTED,
    )
    list_filter = (
        ("location", RelatedFilter),
        ("location__kind", ChoicesFilter),
        ("available", FreeFilter),
        ("on_hand", NumberRangeFilter),
    )
    search_through = ("variant__sku__startswith", "variant__name")
    search_help_text = "SKU or name"
    list_select_related = ("variant", "location")
    presets = (
        Preset("low", "Low", lambda rows: rows.low(timezone.now())),
        Preset("out", "None available", lambda rows: rows.none_free(timezone.now())),
    )
    # One after the other as the variants were made, each with all its locations.
    ordering = ("variant_id", "location_id")
    header_columns = UNITS
    inlines = (LedgerInline, ReservationsInline, AllocationsInline)
    guided_actions = LEVEL_ACTIONS

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.with_free(timezone.now())

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
