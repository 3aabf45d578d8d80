"""Record what happened, and that the world is to be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from stateset.lib.journal import current_context
from stateset.lib.rows import insert_rows, new_row
from stateset.system.models import Event, OutboxMessage

_encoder = DjangoJSONEncoder()
_is_past: ContextVar[bool] = ContextVar("is_past", default=False)


@contextmanager
def telling_nobody() -> Iterator[None]:
    """Have the events of the block, or of the function, go without a message.

    For what happened long ago in another system: nobody outside waits for it.
    """
    token = _is_past.set(True)
    try:
        yield
    finally:
        _is_past.reset(token)


def record_event(
    row: models.Model,
    event_type: str,
    payload: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
) -> Event:
    """Write one event of ``row`` and its outbox message, in the caller's transaction.

    Whatever makes this fail must fail the change it tells of. Amounts travel as
    text, so that no reader rounds them.
    """
    (event,) = record_events([(row, payload or {})], event_type, at=at)
    return event


def record_events(
    happened: Sequence[tuple[models.Model, Mapping[str, Any]]],
    event_type: str,
    *,
    at: datetime | None = None,
) -> list[Event]:
    """Write one event a row, each with its payload, in two statements for all.

    Where ``telling_nobody`` holds, no messages are written.
    """
    context = current_context()
    now = timezone.now()
    events = [
        new_row(
            Event,
            aggregate_type=row._meta.model_name or "",
            aggregate_id=row.pk,
            event_type=event_type,
            payload={key: _plain(value) for key, value in payload.items()},
            actor_id=context.actor_id or None,
            request_id=context.request_id,
            occurred_at=at or now,
            is_told=not _is_past.get(),
        )
        for row, payload in happened
    ]
    insert_rows(events)
    if _is_past.get():
        return events
    insert_rows(
        [
            new_row(
                OutboxMessage,
                event_id=event.pk,
                partition_key=str(event.aggregate_id),
                available_at=now,
            )
            for event in events
        ]
    )
    return events


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str, list, dict)):
        return value
    return _encoder.default(value)
