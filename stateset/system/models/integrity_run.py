"""Integrity runs: when the books were proven, and what was found."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from stateset.lib.constraints import check


class IntegrityRun(models.Model):
    """One proof of all rules of all apps.

    ``findings`` holds the first rows that break a rule, as check, subject, found.
    """

    id = models.BigAutoField(primary_key=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    asked_by = models.CharField(max_length=255, blank=True)
    rules = models.PositiveIntegerField()
    broken_rules = models.PositiveIntegerField()
    broken_rows = models.PositiveIntegerField()
    findings = models.JSONField(default=list)

    class Meta:
        db_table = "integrity_runs"
        db_table_comment = "One proof of the books, and the rows that broke a rule"
        indexes = [
            # Read by the home page and by retention.
            models.Index(fields=["-finished_at"], name="idx_integrity_finished"),
        ]
        constraints = [
            check(
                Q(finished_at__gte=F("started_at")),
                name="integrity_run_ends_after_start",
                message="A run ends after it started.",
            ),
            check(
                Q(broken_rules__lte=F("rules")),
                name="integrity_run_broken_within_rules",
                message="No more rules are broken than were proven.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.finished_at:%Y-%m-%d %H:%M}"

    @property
    def summary(self) -> str:
        """Return in one line what was found."""
        if not self.broken_rows:
            return f"All {self.rules} rules hold"
        rows = f"{self.broken_rows:,} row{'s' * (self.broken_rows != 1)}"
        rules = f"{self.broken_rules} rule{'s' * (self.broken_rules != 1)}"
        return f"{rows} {'break' if self.broken_rows != 1 else 'breaks'} {rules}"
