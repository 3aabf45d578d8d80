from __future__ import annotations

from django.contrib import admin

from dbops.models import SchedulePause
from stateset.lib.admin import ReadOnlyAdmin, since


@admin.register(SchedulePause)
class SchedulePauseAdmin(ReadOnlyAdmin):
    """Paused and resumed on the page of the schedule; kept here to be read."""

    list_display = ("name", since("created_at", label="paused"), "paused_by", "reason")
    search_fields = ("name__startswith",)
    search_help_text = "The name of an entry of the schedule"
    ordering = ("name",)
