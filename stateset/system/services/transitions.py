"""The one way a status changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import F
from django.utils import timezone

from stateset.lib.errors import StatesetError
from stateset.lib.journal import business_transaction
from stateset.lib.models import Document
from stateset.lib.seen import take_seen_version
from stateset.lib.states import require_transition
from stateset.system.services.events import record_event

AnyDocument = TypeVar("AnyDocument", bound=Document)


class ChangedMeanwhileError(StatesetError):
    """Somebody else changed the row between reading and writing it."""


def change_status(
    row: AnyDocument,
    to: str,
    *,
    event_type: str,
    at: datetime | None = None,
    payload: dict[str, Any] | None = None,
    **columns: Any,
) -> AnyDocument:
    """Move ``row`` to status ``to``, with the columns that go with it.

    Claims the row by its version, so of two writers one is told; writes the
    event. Raises InvalidTransitionError or ChangedMeanwhileError.
    """
    was = str(getattr(row, "status", ""))
    require_transition(row, to)
    values = {"status": to, **columns}
    with business_transaction():
        save_columns(row, **values)
        record_event(row, event_type, {"from": was, "to": to, **(payload or {})}, at=at)
    return row


def save_columns(row: AnyDocument, **columns: Any) -> AnyDocument:
    """Write ``columns`` if nobody wrote the row since it was read; raise otherwise."""
    manager = type(row)._default_manager
    take_seen_version(row)  # The statement below compares.
    for name, value in columns.items():
        setattr(row, name, value)
    row.updated_at = timezone.now()
    changed = manager.filter(pk=row.pk, version=row.version).update(
        **columns, updated_at=row.updated_at, version=F("version") + 1
    )
    if not changed:
        raise ChangedMeanwhileError(
            f"{str(row._meta.verbose_name).capitalize()} {row} was not changed.",
            why="somebody else changed it a moment ago",
            fix="reload it and try again",
        )
    row.version += 1
    return row
