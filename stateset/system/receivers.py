"""What the system app listens to: migrations, connections, the journal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Count, Model

from stateset.lib.journal import Context, Entry
from stateset.lib.models import number_field
from stateset.system.models import AuditEntry
from stateset.system.services import record_event
from stateset.system.triggers import audited_models, triggers_of

ROW_CHANGES = ("insert", "update", "delete")
"""The actions of entries that triggers write; others say what somebody did."""


def on_connection_created(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Prepare each new connection for the triggers."""
    triggers_of(connection).connect(connection)


def on_pre_migrate(using: str, **_: Any) -> None:
    """Take session triggers away before tables change under them."""
    triggers_of(connections[using]).remove_session(connections[using])


def on_post_migrate(sender: AppConfig, using: str, **_: Any) -> None:
    """Install the triggers that a migration left out or dropped."""
    triggers_of(connections[using]).install(connections[using])


def on_context_changed(using: str, context: Context, **_: Any) -> None:
    """Tell the triggers of the running transaction who acts."""
    triggers_of(connections[using]).set_context(connections[using], context)


def write_audit_entry(entry: Entry, context: Context) -> None:
    """Keep what left no row behind: a login, a backup, a refusal."""
    AuditEntry.objects.create(
        action=entry.action,
        resource_type=entry.resource_type,
        resource_id=entry.resource_id,
        outcome=entry.outcome,
        changes=dict(entry.details),
        actor_id=context.actor_id or None,
        actor_label=context.actor_label,
        reason=context.reason[:500],
        request_id=context.request_id,
    )


def read_recorded(resource_type: str, resource_ids: Collection[str]) -> set[str]:
    """Return on which of the resources the audit log has an entry."""
    found = AuditEntry.objects.filter(
        resource_type=resource_type, resource_id__in=resource_ids
    )
    return set(found.values_list("resource_id", flat=True))


def count_changes(using: str, moment: datetime) -> dict[str, int]:
    """Return how many changes of each audited table were written since a moment."""
    counts = {model._meta.db_table: 0 for model in audited_models()}
    found = (
        AuditEntry.objects.using(using)
        .filter(created_at__gte=moment, action__in=ROW_CHANGES)
        .order_by()
        .values_list("resource_type")
        .annotate(Count("id"))
    )
    return counts | dict(found)


def on_document_leaving(row: Model, event_type: str, **_: Any) -> None:
    """Tell the world that a document is gone, and which one it was."""
    number = number_field(type(row))
    shown = number.value_from_object(row) if number else None
    record_event(row, event_type, {"number": shown or str(row)})


def on_document_edited(
    row: Model, event_type: str, payload: Mapping[str, Any], **_: Any
) -> None:
    """Tell the world what a person wrote into a document by hand, and why."""
    record_event(row, event_type, payload)
