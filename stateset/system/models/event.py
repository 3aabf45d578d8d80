"""Events: what happened in the business, in the order it was written."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from stateset.lib.models import LogRow


class Event(LogRow):
    """One thing that happened to one document; never changed, never deleted.

    Written in the transaction of the change. Ids may commit out of order, so
    readers who must miss nothing read the outbox.
    """

    event_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    aggregate_type = models.CharField(max_length=50)
    aggregate_id = models.UUIDField()
    event_type = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    actor = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        related_name="events",
    )
    request_id = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField(default=timezone.now)
    is_told = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether a message for the world outside was written with it.",
    )

    class Meta:
        db_table = "events"
        db_table_comment = "What happened in the business; append-only"
        indexes = [
            models.Index(
                fields=["aggregate_type", "aggregate_id", "id"],
                name="idx_events_aggregate",
            ),
            models.Index(
                fields=["event_type", "-occurred_at"], name="idx_events_type_occurred"
            ),
            models.Index(fields=["-occurred_at"], name="idx_events_occurred"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.id}"
