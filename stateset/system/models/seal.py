"""Seals: what the append-only tables held when somebody looked."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from stateset.lib.constraints import check
from stateset.lib.models import LogRow


class Seal(LogRow):
    """The fingerprint of a range of rows of one append-only table.

    ``mac`` is made with a key that is not in the database, over everything that
    the seal says and over the seal before it (``previous_hash``). A later seal of
    the same range takes its place: after a purge or an erasure, or because somebody
    accepted a change (``reason``).
    """

    created_at = models.DateTimeField(default=timezone.now)
    table_name = models.CharField(max_length=63)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    row_count = models.PositiveIntegerField()
    columns = models.TextField()
    rows_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=255, blank=True)
    key_name = models.CharField(max_length=16)
    previous_hash = models.CharField(max_length=64, blank=True)
    mac = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_seals"
        permissions = (("accept_seal", "Can accept rows that differ from their seal"),)
        db_table_comment = "Fingerprints of ranges of append-only rows; append-only"
        indexes = [
            # Read by the sealing of new rows and of purged ranges.
            models.Index(fields=["table_name", "last_id"], name="idx_seals_range"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["previous_hash"], name="seal_previous_unique"
            ),
            check(
                Q(first_id__lte=F("last_id")),
                name="seal_range_in_order",
                message="A range ends after it begins.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.first_id}-{self.last_id}"
