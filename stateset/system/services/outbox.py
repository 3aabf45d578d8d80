"""Give a message that was given up another round."""

from __future__ import annotations

from django.utils import timezone

from stateset.lib.errors import StatesetError
from stateset.lib.journal import Entry, business_transaction, record
from stateset.system.models import OutboxMessage


class MessageNotFailedError(StatesetError):
    """The message is on its way or delivered, so it is not tried again."""


def retry_message(message: OutboxMessage) -> OutboxMessage:
    """Make a failed message due now, with all its attempts before it."""
    with business_transaction(reason="outbox retry"):
        claimed = OutboxMessage.objects.filter(
            pk=message.pk, status=OutboxMessage.Status.FAILED
        ).update(
            status=OutboxMessage.Status.PENDING,
            attempts=0,
            available_at=timezone.now(),
            updated_at=timezone.now(),
        )
        message.refresh_from_db()
        if not claimed:
            raise MessageNotFailedError(
                f"Message {message} was not changed.",
                why=f"it is {message.status}",
                fix="only failed messages are tried again",
            )
        record(Entry("outbox.retry", "outbox", str(message.pk)))
    return message
