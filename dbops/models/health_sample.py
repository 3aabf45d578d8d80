"""What the checks of the database said, every few minutes."""

from __future__ import annotations

from django.db import models

from stateset.lib.constraints import one_of


class HealthStatus(models.TextChoices):
    OK = "ok", "OK"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"
    UNKNOWN = "unknown", "Unknown"


class HealthSample(models.Model):
    """One check at one time: its status and, where it measures, its value."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    name = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=HealthStatus.choices)
    value = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=30, blank=True)
    message = models.TextField(blank=True)
    hint = models.TextField(blank=True)

    class Meta:
        db_table = "dbops_health_samples"
        db_table_comment = "One check of the database's health at one time."
        ordering = ("-at", "-id")
        constraints = (
            one_of("status", HealthStatus, name="health_sample_status_known"),
        )
        indexes = (
            models.Index(fields=("at",), name="health_sample_at"),
            models.Index(fields=("name", "at"), name="health_sample_name_at"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"
