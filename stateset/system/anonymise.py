"""What is personal in the audit log and the events, and how a copy is rewritten.

A copy has no seals: they vouch for rows that it has no longer. Where it is used they
begin anew, with the key of that place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from stateset.lib.anonymise import EVENT_PAYLOAD, ROW_CHANGES, emptied, table
from stateset.lib.anonymise_rules import (
    CODE,
    FREE_TEXT,
    IDENTIFIER,
    LABEL,
    PLAIN,
)
from stateset.system.models import (
    AuditEntry,
    Erasure,
    Event,
    IntegrityRun,
    NumberSequence,
    OutboxMessage,
    Seal,
)
from stateset.system.quarantine import hold_messages
from stateset.system.triggers import audit_paused, ledgers_open

ACTION = "database.anonymised"

TABLES = (
    table(
        AuditEntry,
        "action",
        "resource_type",
        about="resource_type",
        resource_id=IDENTIFIER,
        changes=ROW_CHANGES,
        actor_label=LABEL,
        reason=FREE_TEXT,
        request_id=CODE,
        database_user=CODE,
    ),
    table(
        Event,
        "aggregate_type",
        "event_type",
        about="aggregate_type",
        payload=EVENT_PAYLOAD,
        request_id=CODE,
    ),
    table(OutboxMessage, "topic", "partition_key", last_error=FREE_TEXT),
    table(NumberSequence, "key"),
    table(Erasure, "subject", actor_label=LABEL),
    emptied(IntegrityRun),
    emptied(Seal),
)

PAYLOAD = {
    "from": PLAIN,
    "to": PLAIN,
    # Of a document that is gone: its number, or what it was called.
    "number": IDENTIFIER,
    "id": IDENTIFIER,
    "alias": PLAIN,
    "table": PLAIN,
    "scope": PLAIN,
}


@contextmanager
def unlocked(using: str) -> Iterator[None]:
    """Rewrite ledgers too, and leave no trace of it but one entry in the audit log.

    Messages that still wait to be sent are put on hold.
    """
    with audit_paused(using), ledgers_open(using):
        yield
        hold_messages(using)
    AuditEntry.objects.using(using).create(
        action=ACTION,
        actor_label="restore",
        reason="Names, addresses, contacts, texts and keys of this copy are made up.",
    )
