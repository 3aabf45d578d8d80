"""Erasures: who was erased, so that a restored database erases them again."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from stateset.lib import erasures
from stateset.lib.constraints import one_of
from stateset.lib.erasing import INVOICES


class ErasureScope(models.TextChoices):
    """What goes beside what the law lets go."""

    NOTHING_MORE = "", "Issued invoices stay"
    INVOICES = INVOICES, "Issued invoices too"


class ErasureReason(models.TextChoices):
    """Why somebody is erased. Not in free words, which could name the person."""

    REQUEST = "request", "The customer asked for it"
    LAW = "law", "A law, a court or an authority demands it"
    OTHER = "other", "Another reason"


class Erasure(models.Model):
    """That one person's data was erased; nothing in it is personal."""

    Scope = ErasureScope
    Reason = ErasureReason

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.CharField(max_length=100)
    subject_id = models.UUIDField()
    erased_at = models.DateTimeField(default=timezone.now)
    scope = models.CharField(max_length=12, choices=Scope, blank=True)
    actor_label = models.CharField(max_length=255, blank=True)
    reason = models.CharField(
        max_length=7, choices=Reason, default=Reason.OTHER, db_default="other"
    )

    class Meta:
        db_table = "erasures"
        db_table_comment = "Who was erased, to be erased again after a restore"
        indexes = [
            models.Index(fields=["-erased_at"], name="idx_erasures_erased"),
            models.Index(fields=["subject", "subject_id"], name="idx_erasures_subject"),
        ]
        constraints = [
            one_of("scope", ErasureScope, name="erasure_scope_known"),
            one_of("reason", ErasureReason, name="erasure_reason_known"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id}"

    def record(self) -> erasures.Erasure:
        """Return what others get to know of it."""
        return erasures.Erasure(
            id=self.id,
            subject=self.subject,
            subject_id=self.subject_id,
            erased_at=self.erased_at,
            scope=self.scope,
            actor_label=self.actor_label,
            reason=self.reason,
        )
