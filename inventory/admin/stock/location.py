"""Locations: where stock lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from inventory.models import Location
from inventory.services.stock.locations import (
    close_location,
    make_default_location,
    open_location,
)
from stateset.lib.admin import (
    BooleanFilter,
    ChoicesFilter,
    GuidedAction,
    StatesetAdmin,
    yes_no,
)
from stateset.system.importing.admin import ImportMixin

Data = Mapping[str, Any]

OPEN = yes_no("is_active", label="open")
DEFAULT = yes_no("is_default", label="default")


def _close(row: Location, request: HttpRequest, data: Data) -> str:
    close_location(row)
    return f"{row} is closed."


def _open(row: Location, request: HttpRequest, data: Data) -> str:
    open_location(row)
    return f"{row} is open."


def _make_default(row: Location, request: HttpRequest, data: Data) -> str:
    make_default_location(row)
    return f"Orders ship from {row} unless they say otherwise."


@admin.register(Location)
class LocationAdmin(ImportMixin, StatesetAdmin):
    """Closing and making default are actions: both have something to check first."""

    is_small = True
    list_display = ("code", "name", "kind", "city", "country_code", OPEN, DEFAULT)
    list_filter = (("kind", ChoicesFilter), ("is_active", BooleanFilter))
    search_fields = ("code__startswith", "name")
    ordering = ("code",)
    header_columns = (OPEN, DEFAULT)
    readonly_fields = ("is_active", "is_default")
    fieldsets = (
        (None, {"fields": (("code", "name"), "kind")}),
        ("Address", {"fields": ("line1", ("postal_code", "city"), "country_code")}),
    )
    guided_actions = (
        GuidedAction(
            "close",
            "Close",
            _close,
            explain="Only an empty location that is not the default can be closed.",
            refusal=lambda row: "" if row.is_active else "it is closed",
            is_dangerous=True,
        ),
        GuidedAction(
            "open",
            "Open",
            _open,
            refusal=lambda row: "it is open" if row.is_active else "",
        ),
        GuidedAction(
            "default",
            "Make default",
            _make_default,
            explain="New orders ship from here unless they say otherwise.",
            refusal=lambda row: "it is the default" if row.is_default else "",
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
