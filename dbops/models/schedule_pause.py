"""What somebody has paused on the schedule."""

from __future__ import annotations

from django.db import models

from stateset.lib.constraints import check
from stateset.lib.models import Record


class SchedulePause(Record):
    """One entry of the schedule that does not run until somebody resumes it."""

    name = models.CharField(max_length=50)
    paused_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=255)

    class Meta:
        db_table = "dbops_schedule_pauses"
        db_table_comment = "An entry of the schedule that somebody has paused."
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("name",),
                name="schedule_pause_name_once",
                violation_error_message="This entry is paused already.",
            ),
            check(
                ~models.Q(reason=""),
                name="schedule_pause_has_reason",
                message="Say why it is paused.",
            ),
        )

    def __str__(self) -> str:
        return self.name
