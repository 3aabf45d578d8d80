from __future__ import annotations

import pytest
from django.core.management import call_command

from stateset.system.models import OutboxMessage
from tests.stateset.system.test_services import make_held_message


@pytest.mark.django_db(transaction=True)
def test_messages_on_hold_and_discarded_are_failed_without_those_words() -> None:
    held, discarded, pending = (make_held_message() for _ in range(3))
    for message, status in ((discarded, "discarded"), (pending, "pending")):
        OutboxMessage.objects.filter(pk=message.pk).update(status=status)
    try:
        call_command("migrate", "system", "0001", verbosity=0)
    finally:
        call_command("migrate", verbosity=0)
    found = dict(OutboxMessage.objects.values_list("pk", "status"))
    assert found == {held.pk: "failed", discarded.pk: "failed", pending.pk: "pending"}
