"""Decide about messages that were given up, or are on hold after a restore."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from stateset.lib.errors import StatesetError
from stateset.lib.journal import Entry, business_transaction, record
from stateset.system.models import OutboxMessage


class MessageNotFailedError(StatesetError):
    """The message is on its way or delivered, so it is not tried again."""


class MessageNotHeldError(StatesetError):
    """The message is not on hold, so there is nothing to decide."""


def retry_message(message: OutboxMessage) -> OutboxMessage:
    """Make a failed message due now, with all its attempts before it."""
    only = (OutboxMessage.Status.FAILED, MessageNotFailedError)
    fix = "only failed messages are tried again"
    return _change(message, "outbox.retry", only, fix, **_due())


def release_message(message: OutboxMessage) -> OutboxMessage:
    """Make a message on hold due now; its receivers may know it already."""
    return _decide(message, "outbox.release", **_due())


def discard_message(message: OutboxMessage) -> OutboxMessage:
    """Never deliver a message that is on hold; its event stays."""
    return _decide(message, "outbox.discard", status=OutboxMessage.Status.DISCARDED)


def _due() -> dict[str, Any]:
    return {
        "status": OutboxMessage.Status.PENDING,
        "attempts": 0,
        "available_at": timezone.now(),
    }


def _decide(message: OutboxMessage, action: str, **columns: Any) -> OutboxMessage:
    only = (OutboxMessage.Status.HELD, MessageNotHeldError)
    fix = "only messages on hold are released or discarded"
    return _change(message, action, only, fix, **columns)


def _change(
    message: OutboxMessage,
    action: str,
    only: tuple[str, type[StatesetError]],
    fix: str,
    **columns: Any,
) -> OutboxMessage:
    """Change a message that is in the status of ``only``; else raise its error."""
    status, refusal = only
    with business_transaction(reason=action.replace(".", " ")):
        claimed = OutboxMessage.objects.filter(pk=message.pk, status=status).update(
            **columns, updated_at=timezone.now()
        )
        message.refresh_from_db()
        if not claimed:
            raise refusal(
                f"Message {message} was not changed.",
                why=f"it is {message.status}",
                fix=fix,
            )
        record(Entry(action, "outbox", str(message.pk)))
    return message
