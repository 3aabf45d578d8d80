from __future__ import annotations

from django.contrib import admin

from dbops.models import HealthSample
from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    Preset,
    ReadOnlyAdmin,
    since,
    status_pill,
)

COLOURS = {"ok": "good", "warning": "waiting", "critical": "problem"}


@admin.display(description="value")
def measured(sample: HealthSample) -> str:
    """Return the figure with its unit, where there is one."""
    return "-" if sample.value is None else f"{sample.value:,.6g} {sample.unit}".strip()


@admin.register(HealthSample)
class HealthSampleAdmin(ReadOnlyAdmin):
    """What the checks said, newest first."""

    list_display = (
        "name",
        since("at", label="when"),
        status_pill("status", colours=COLOURS),
        measured,
        "message",
    )
    list_filter = (("status", ChoicesFilter), ("at", DateRangeFilter))
    search_fields = ("name__startswith",)
    search_help_text = "The name of a check, as last_backup"
    ordering = ("-at", "-id")
    presets = (
        Preset(
            "bad",
            "Not ok",
            lambda rows: rows.filter(status__in=("warning", "critical")),
        ),
    )
