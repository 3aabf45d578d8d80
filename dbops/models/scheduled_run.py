"""What was started on a schedule or by hand, and what came of it."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from dbops.values import Span
from stateset.lib.constraints import check, one_of
from stateset.lib.fields import StatusField


class RunState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"


class ScheduledRunQuerySet(models.QuerySet["ScheduledRun"]):
    def of_slots(self, slots: dict[str, datetime]) -> ScheduledRunQuerySet:
        """Return the runs at or after a slot, by the name of its entry."""
        wanted = Q(pk__in=())
        for name, slot in slots.items():
            wanted |= Q(name=name, slot__gte=slot)
        return self.filter(wanted)

    def waiting(self, now: datetime) -> ScheduledRunQuerySet:
        """Return the runs that were put off and are due again."""
        return self.filter(state=RunState.SKIPPED, retry_at__lte=now)


class ScheduledRun(models.Model):
    """One run of a scheduled task: its slot is when the schedule says, in UTC.

    By hand, the slot is when somebody asked. The unique pair of name and slot is
    what makes a slot run once, however many beats and workers there are.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=50)
    slot = models.DateTimeField()
    state = StatusField(choices=RunState.choices, default=RunState.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.CharField(max_length=254, blank=True)
    worker = models.CharField(max_length=255)
    result = models.TextField(blank=True)
    error_what = models.TextField(blank=True)
    error_why = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    deaths = models.PositiveSmallIntegerField(
        default=0, help_text="How often its worker ended without a word."
    )

    objects = ScheduledRunQuerySet.as_manager()

    class Meta:
        db_table = "dbops_scheduled_runs"
        db_table_comment = "One run of a scheduled task at its slot, and its result."
        ordering = ("-slot", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("name", "slot"),
                name="scheduled_run_slot_once",
                violation_error_message="This slot was taken already.",
            ),
            one_of("state", RunState, name="scheduled_run_state_known"),
            check(
                Q(state=RunState.RUNNING, finished_at=None)
                | (~Q(state=RunState.RUNNING) & Q(finished_at__isnull=False)),
                name="scheduled_run_finished_when_over",
                message="A run has an end exactly when it is not running.",
            ),
            check(
                Q(finished_at=None) | Q(finished_at__gte=F("started_at")),
                name="scheduled_run_ends_after_start",
                message="A run ends after it started.",
            ),
            check(
                Q(retry_at=None) | Q(state=RunState.SKIPPED),
                name="scheduled_run_retry_when_skipped",
                message="Only a skipped run is tried again.",
            ),
        )
        indexes = (
            models.Index(fields=("slot",), name="scheduled_run_slot"),
            models.Index(
                fields=("state",),
                name="scheduled_run_open",
                condition=Q(state=RunState.RUNNING) | Q(retry_at__isnull=False),
            ),
        )
        permissions = (
            ("run_schedule", "Can run, pause and resume what is scheduled"),
            ("view_backup", "Can see the backups"),
            ("create_backup", "Can make and verify backups"),
            ("view_health", "Can see the state of the database"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.slot:%Y-%m-%d %H:%M}"

    @property
    def told(self) -> str:
        """Return in one line what became of it."""
        words = self.result or self.error_what
        if self.error_why:
            words = f"{words} ({self.error_why})"
        return f"{self.state}: {words}" if words else str(self.state)

    @property
    def took(self) -> str:
        """Return how long it took, "" where it is not over."""
        if self.finished_at is None:
            return ""
        return str(Span((self.finished_at - self.started_at).total_seconds()))
