"""Outbox: what must still be told to the world outside the database."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from stateset.lib.constraints import check, one_of
from stateset.lib.fields import StatusField
from stateset.lib.states import Transitions


class OutboxMessageStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    PROCESSING = "processing", "Processing"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"
    HELD = "held", "On hold"
    DISCARDED = "discarded", "Discarded"


class OutboxMessage(models.Model):
    """One event on its way to one topic, delivered at least once, in key order."""

    Status = OutboxMessageStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "pending": {"processing"},
        "processing": {"pending", "delivered", "failed"},
        "failed": {"pending"},
        # After a restore nobody knows whether it was delivered: a person decides.
        "held": {"pending", "delivered", "discarded"},
    }

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(
        "system.Event", on_delete=models.PROTECT, related_name="outbox_messages"
    )
    topic = models.CharField(max_length=100, default="default")
    partition_key = models.CharField(max_length=100)
    status = StatusField(choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=8)
    available_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "outbox"
        db_table_comment = "Events still to be delivered, and when they were"
        verbose_name = "outbox message"
        indexes = [
            models.Index(
                fields=["available_at", "id"],
                condition=Q(status="pending"),
                # Read by the relay: what is due, oldest first.
                name="idx_outbox_due",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(status="processing"),
                # Read by the relay: leases that ran out.
                name="idx_outbox_lease",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(status="failed"),
                # Read by the home page: dead letters.
                name="idx_outbox_failed",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "topic"], name="outbox_event_topic_unique"
            ),
            one_of("status", OutboxMessageStatus, name="outbox_status_known"),
            check(
                Q(attempts__lte=F("max_attempts")),
                name="outbox_attempts_within_limit",
                message="Attempts must not pass the limit.",
            ),
            check(
                Q(status="processing", lease_until__isnull=False)
                | (~Q(status="processing") & Q(lease_until__isnull=True)),
                name="outbox_processing_has_lease",
                message="A message has a lease exactly while it is processed.",
            ),
            check(
                ~Q(status="delivered") | Q(delivered_at__isnull=False),
                name="outbox_delivered_has_time",
                message="A delivered message has the time of its delivery.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.id}"
