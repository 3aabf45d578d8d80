"""Reservations and allocations: what stock is promised to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from inventory.admin.stock.documents import ReferencingAdmin, document
from inventory.admin.stock.units import units
from inventory.models import ReferenceType, StockAllocation, StockReservation
from inventory.services.stock import Reference, release_reservations
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    GuidedAction,
    Preset,
    ReasonForm,
    leads_to,
    since,
    status_pill,
)

Data = Mapping[str, Any]

VARIANT = "level.variant"
STATUS = status_pill()
QUANTITIES = (
    units("quantity", of=VARIANT),
    units("quantity_fulfilled", of=VARIANT, label="fulfilled"),
    units("quantity_released", of=VARIANT, label="released"),
)


@admin.display(description="stock", ordering="level__variant__sku")
def name_of_level(row: StockReservation | StockAllocation) -> str:
    """Return what is promised as text: the cell itself leads to the promise."""
    return str(row.level)


def _release(row: StockReservation, request: HttpRequest, data: Data) -> str:
    released = release_reservations(
        reference=Reference(row.reference_type, row.reference_id),
        line_ids=[row.reference_line_id],
        reason=data["reason"],
    )
    return f"{released:,} units of {row.level} are available again."


def _refuse_release(row: StockReservation) -> str:
    if row.reference_type != ReferenceType.HOLD:
        kind = row.get_reference_type_display().lower()
        return f"it belongs to a document ({kind}); cancel or change that"
    return leads_to("released")(row)


@admin.register(StockReservation)
class StockReservationAdmin(ReferencingAdmin):
    """Soft promises: a hold is released here, any other with its document."""

    list_display = (
        name_of_level,
        document,
        *QUANTITIES,
        STATUS,
        since("created_at", label="made"),
        since("expires_at", label="expires"),
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("reference_type", ChoicesFilter),
        ("created_at", DateRangeFilter),
    )
    search_fields = ("reference_id__exact",)
    search_through = ("level__variant__sku__startswith",)
    search_help_text = "SKU, or the key of a document"
    list_select_related = ("level__variant", "level__location")
    presets = (
        Preset("active", "Active", lambda rows: rows.active()),
        Preset("overdue", "Past their time", lambda rows: rows.expired(timezone.now())),
        Preset(
            "holds",
            "Set aside",
            lambda rows: rows.active().filter(reference_type="hold"),
        ),
    )
    ordering = ("-id",)
    header_columns = (STATUS, document, *QUANTITIES)
    guided_actions = (
        GuidedAction(
            "release",
            "Release",
            _release,
            explain="The units become available again.",
            form=ReasonForm,
            refusal=_refuse_release,
            permission="inventory.change_stockreservation",
            facts=lambda row: [("Units", f"{row.open_quantity:,}")],
            in_bulk=True,
        ),
    )


@admin.register(StockAllocation)
class StockAllocationAdmin(ReferencingAdmin):
    """Hard promises; they end with the pick or the work order they are for."""

    list_display = (
        name_of_level,
        document,
        *QUANTITIES,
        STATUS,
        since("created_at", label="made"),
    )
    list_filter = (
        ("status", ChoicesFilter),
        ("reference_type", ChoicesFilter),
        ("created_at", DateRangeFilter),
    )
    search_fields = ("reference_id__exact",)
    search_through = ("level__variant__sku__startswith",)
    search_help_text = "SKU, or the key of a document"
    list_select_related = ("level__variant", "level__location")
    presets = (Preset("open", "Open", lambda rows: rows.open()),)
    ordering = ("-id",)
    header_columns = (STATUS, document, *QUANTITIES)
