from __future__ import annotations

from django.contrib import admin

from dbops.models import ScheduledRun
from stateset.lib.admin import (
    DONE,
    GOOD,
    NEUTRAL,
    PROBLEM,
    ChoicesFilter,
    DateRangeFilter,
    Preset,
    ReadOnlyAdmin,
    since,
    status_pill,
)

COLOURS = {"done": GOOD, "failed": PROBLEM, "running": DONE, "skipped": NEUTRAL}
STATE = status_pill("state", colours=COLOURS)
SLOT = since("slot")
STARTED = since("started_at", label="started")


@admin.display(description="what became of it")
def text_told(run: ScheduledRun) -> str:
    """Return the result, or why there is none."""
    return run.result or ": ".join(filter(None, (run.error_what, run.error_why)))


@admin.display(description="took")
def took(run: ScheduledRun) -> str:
    """Return how long a run took."""
    return run.took


@admin.register(ScheduledRun)
class ScheduledRunAdmin(ReadOnlyAdmin):
    """What was started on the schedule or by hand, newest first."""

    list_display = ("name", SLOT, STATE, STARTED, took, text_told, "asked_by")
    list_filter = (("state", ChoicesFilter), ("slot", DateRangeFilter))
    search_fields = ("name__startswith",)
    search_help_text = "The name of an entry of the schedule"
    ordering = ("-slot", "-id")
    presets = (
        Preset("failed", "Failed", lambda rows: rows.filter(state="failed")),
        Preset("running", "Running", lambda rows: rows.filter(state="running")),
    )
    header_columns = (STATE, SLOT, STARTED, took)
    fieldsets = (
        (None, {"fields": (("name", "asked_by"), "slot", "worker")}),
        ("What became of it", {"fields": ("result", "error_what", "error_why")}),
        ("Trying again", {"fields": (("retry_at", "deaths"),)}),
    )
