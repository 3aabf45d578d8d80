"""Audit log: who changed what, from what to what, why."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from stateset.lib.constraints import one_of
from stateset.lib.models import LogRow


class AuditEntryOutcome(models.TextChoices):
    SUCCESS = "success", "Success"
    DENIED = "denied", "Denied"
    ERROR = "error", "Error"


class AuditEntry(LogRow):
    """One change of one row, or one act that left no row (a login, a backup).

    Row changes are written by triggers; on SQLite by temporary ones, which each
    connection of this program makes (``docs/adr``).
    ``changes`` maps a column to ``[old, new]``; secrets are redacted.
    """

    Outcome = AuditEntryOutcome

    created_at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=64)
    resource_type = models.CharField(max_length=63, blank=True, db_default="")
    resource_id = models.CharField(max_length=64, blank=True, db_default="")
    outcome = models.CharField(
        max_length=8, choices=Outcome, default=Outcome.SUCCESS, db_default="success"
    )
    changes = models.JSONField(default=dict)
    actor = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        related_name="audit_entries",
    )
    actor_label = models.CharField(max_length=255, blank=True, db_default="")
    reason = models.CharField(max_length=500, blank=True, db_default="")
    request_id = models.CharField(max_length=64, blank=True, db_default="")
    database_user = models.CharField(max_length=63, blank=True, db_default="")

    class Meta:
        db_table = "audit_log"
        db_table_comment = "Who changed what, when and why; append-only"
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(
                fields=["resource_type", "resource_id", "-id"],
                name="idx_audit_resource",
            ),
            models.Index(fields=["-created_at"], name="idx_audit_created"),
            models.Index(fields=["request_id"], name="idx_audit_request"),
            models.Index(
                fields=["resource_type"],
                condition=models.Q(action="delete"),
                # Read by erasures: rows that are gone are known from here only.
                name="idx_audit_deleted",
            ),
        ]
        constraints = [
            one_of("outcome", AuditEntryOutcome, name="audit_entry_outcome_known")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.resource_type} {self.resource_id}".strip()
