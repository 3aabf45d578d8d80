"""Record what happened, and that the world is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from stateset.lib.journal import current_context
from stateset.system.models import Event, OutboxMessage

_encoder = DjangoJSONEncoder()


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
    context = current_context()
    event = Event.objects.create(
        aggregate_type=row._meta.model_name or "",
        aggregate_id=row.pk,
        event_type=event_type,
        payload={key: _plain(value) for key, value in (payload or {}).items()},
        actor_id=context.actor_id or None,
        request_id=context.request_id,
        occurred_at=at or timezone.now(),
    )
    OutboxMessage.objects.create(
        event=event, partition_key=str(row.pk), available_at=timezone.now()
    )
    return event


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str, list, dict)):
        return value
    return _encoder.default(value)
