"""How long what the system writes is kept; the audit log and its seals have no rule."""

from __future__ import annotations

from datetime import datetime

from stateset.lib.retention import Rows, Rule
from stateset.system import conf
from stateset.system.models import Event, IntegrityRun, OutboxMessage
from stateset.system.sealing.flow import seal_without
from stateset.system.triggers import ledgers_open


def rules() -> tuple[Rule, ...]:
    """Return the rules; messages come first, since they hold their events."""
    return (
        Rule("system.outbox", conf.keep_delivered(), _delivered),
        Rule(
            "system.events",
            conf.keep_events(),
            _told_events,
            unlocks=ledgers_open,
            release=seal_without,
        ),
        Rule("system.integrity_runs", conf.keep_runs(), _old_runs),
    )


def _delivered(before: datetime) -> Rows:
    return OutboxMessage.objects.filter(
        status=OutboxMessage.Status.DELIVERED, delivered_at__lt=before
    )


def _told_events(before: datetime) -> Rows:
    """Return old events with nothing left to deliver."""
    return Event.objects.filter(occurred_at__lt=before, outbox_messages=None)


def _old_runs(before: datetime) -> Rows:
    return IntegrityRun.objects.filter(finished_at__lt=before)
