"""What must hold in the house itself: triggers, numbers, messages, history, seals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone

from stateset.lib.invariants import Invariant, Violation
from stateset.system import conf
from stateset.system.amount_invariants import amounts_that_do_not_fit
from stateset.system.models import Event
from stateset.system.number_invariants import numbers_above_their_series
from stateset.system.sealing.verify import verify_seals
from stateset.system.status_invariants import statuses_that_no_event_explains
from stateset.system.triggers import triggers_of


def invariants() -> tuple[Invariant, ...]:
    """Return the rules of the system's own tables, cheapest first."""
    return (
        Invariant(
            "system.triggers",
            "The triggers that write the audit log and guard the ledgers are at work.",
            triggers_that_are_not_at_work,
        ),
        Invariant(
            "system.numbers",
            "No document has a number that its series has not given out yet.",
            numbers_above_their_series,
            is_long=True,
        ),
        Invariant(
            "system.outbox",
            "An event that is told outside has its message.",
            events_without_message,
            is_long=True,
        ),
        Invariant(
            "system.amounts",
            "No amount has more digits than its column can be read back with.",
            amounts_that_do_not_fit,
            is_long=True,
        ),
        Invariant(
            "system.statuses",
            "A document has the status that its last change of status led to.",
            statuses_that_no_event_explains,
            is_long=True,
        ),
        Invariant(
            "system.audit_seals",
            "What was sealed of the append-only tables is there, unchanged.",
            verify_seals,
            is_long=True,
        ),
    )


def triggers_that_are_not_at_work() -> Iterator[Violation]:
    connection = connections[DEFAULT_DB_ALIAS]
    triggers = triggers_of(connection)
    for name in triggers.missing(connection):
        yield Violation(name, "is missing or switched off")
    for name in triggers.altered(connection):
        yield Violation(name, "does something else than it was made for")


def events_without_message() -> Iterator[Violation]:
    """Messages are purged some time after delivery, so only young events count."""
    oldest = _first_key_at(timezone.now() - conf.keep_delivered())
    lost = Event.objects.filter(
        is_told=True, outbox_messages=None, event_id__gte=oldest
    )
    columns = ("pk", "event_type", "aggregate_type", "aggregate_id")
    for pk, kind, model, key in lost.order_by().values_list(*columns):
        yield Violation(f"event {pk}", f"{kind} of {model} {key} has no message")


def _first_key_at(moment: datetime) -> UUID:
    """Return the lowest UUID of version 7 that is made at ``moment``."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80)
