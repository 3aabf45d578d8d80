from __future__ import annotations

from django.contrib import admin

from dbops.models import RestoreRequest
from stateset.lib.admin import (
    DONE,
    GOOD,
    NEUTRAL,
    PROBLEM,
    WAITING,
    ChoicesFilter,
    DateRangeFilter,
    ReadOnlyAdmin,
    since,
    status_pill,
)

COLOURS = {
    "asked": WAITING,
    "approved": DONE,
    "running": DONE,
    "done": GOOD,
    "failed": PROBLEM,
    "refused": NEUTRAL,
    "expired": NEUTRAL,
}
STATE = status_pill("state", colours=COLOURS)
ASKED = since("created_at", label="asked")


@admin.display(description="what came of it")
def text_told(request: RestoreRequest) -> str:
    """Return the result, or why there is none."""
    return request.told or "-"


@admin.register(RestoreRequest)
class RestoreRequestAdmin(ReadOnlyAdmin):
    """Asked for and decided on the page Restores; kept here to be read."""

    list_display = (
        "backup_id",
        STATE,
        ASKED,
        "asked_by",
        "decided_by",
        "reason",
        text_told,
    )
    list_filter = (("state", ChoicesFilter), ("created_at", DateRangeFilter))
    search_fields = ("backup_id__startswith",)
    search_help_text = "The id of a backup"
    ordering = ("-created_at", "-id")
    header_columns = (STATE, ASKED)
