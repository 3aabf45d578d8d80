"""What must not happen again after a restore: a number issued, a message sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from stateset.lib.quarantine import Finding
from stateset.system.models import NumberSequence, OutboxMessage

UNKNOWN_GAP = 1000
"""How far a series moves on where nobody knows what was issued since the backup."""

AT_ONCE = 500
OPEN = (
    OutboxMessage.Status.PENDING,
    OutboxMessage.Status.PROCESSING,
    OutboxMessage.Status.FAILED,
)


def quarantine(restored: str, live: str | None) -> Iterator[Finding]:
    """Move document numbers on; put on hold what is not known to be delivered."""
    yield Finding("document numbers", "series moved on", _numbers(restored, live))
    if live is not None:
        delivered = _mark_delivered(restored, live)
        yield Finding("outbox", "delivered since the backup, so not again", delivered)
    yield Finding(
        "outbox on hold", "to be released or discarded", hold_messages(restored)
    )


def hold_messages(using: str) -> int:
    """Put on hold what waits to be sent; return how many messages that are."""
    return (
        OutboxMessage.objects.using(using)
        .filter(status__in=OPEN)
        .update(
            status=OutboxMessage.Status.HELD,
            lease_until=None,
            updated_at=timezone.now(),
        )
    )


def _numbers(restored: str, live: str | None) -> int:
    own = NumberSequence.objects.using(restored)
    if live is None:
        return own.update(
            next_value=F("next_value") + UNKNOWN_GAP,
            skipped=F("skipped") + UNKNOWN_GAP,
        )
    moved = 0
    # By name, as the live database may be older than the column ``skipped``.
    issued = NumberSequence.objects.using(live).values_list("key", "next_value")
    for key, wanted in issued:
        sequence, _ = own.get_or_create(key=key)
        passed_over = wanted - sequence.next_value
        if passed_over > 0:
            own.filter(key=key).update(
                next_value=wanted, skipped=F("skipped") + passed_over
            )
            moved += 1
    return moved


def _mark_delivered(restored: str, live: str) -> int:
    """Take over deliveries from the live database; events are told by their own id."""
    candidates = list(
        OutboxMessage.objects.using(restored)
        .filter(status__in=[*OPEN, OutboxMessage.Status.HELD])
        .values_list("pk", "event__event_id", "topic")
    )
    count = 0
    for start in range(0, len(candidates), AT_ONCE):
        some = candidates[start : start + AT_ONCE]
        known = _deliveries(live, [event_id for _, event_id, _ in some])
        for pk, event_id, topic in some:
            delivered_at = known.get((event_id, topic))
            if delivered_at is not None:
                OutboxMessage.objects.using(restored).filter(pk=pk).update(
                    status=OutboxMessage.Status.DELIVERED,
                    delivered_at=delivered_at,
                    lease_until=None,
                    updated_at=timezone.now(),
                )
                count += 1
    return count


def _deliveries(live: str, event_ids: list[UUID]) -> dict[tuple[UUID, str], datetime]:
    found = OutboxMessage.objects.using(live).filter(
        status=OutboxMessage.Status.DELIVERED, event__event_id__in=event_ids
    )
    return {
        (event_id, topic): delivered_at
        for event_id, topic, delivered_at in found.values_list(
            "event__event_id", "topic", "delivered_at"
        )
        if delivered_at is not None
    }
