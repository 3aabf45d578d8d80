from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from dbops.maintenance.purge import purge_records
from stateset.system.models import AuditEntry, Event, OutboxMessage
from stateset.system.services import record_event
from stateset.system.triggers import ledgers_open
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_old_events_go_and_those_still_to_be_delivered_stay():
    user = make_user()
    for name in ("told", "pending", "young"):
        record_event(user, f"user.{name}", {})
    with ledgers_open():
        Event.objects.exclude(event_type="user.young").update(occurred_at=days_ago(401))
    OutboxMessage.objects.filter(event__event_type="user.told").update(
        status="delivered", delivered_at=days_ago(8)
    )
    result = purge_records(rules=["system.events", "system.outbox"])
    assert [(part.rule.name, part.deleted) for part in result.parts] == [
        ("system.events", 0),
        ("system.outbox", 1),
    ]
    assert purge_records(rules=["system.events"]).summary == "Deleted 1 row"
    left = set(Event.objects.values_list("event_type", flat=True))
    assert left == {"user.pending", "user.young"}


def test_all_rules_together_delete_a_message_before_its_event():
    record_event(make_user(), "user.told", {})
    with ledgers_open():
        Event.objects.update(occurred_at=days_ago(401))
    OutboxMessage.objects.update(status="delivered", delivered_at=days_ago(8))
    purge_records()
    assert not Event.objects.filter(event_type="user.told").exists()


def test_ledgers_refuse_to_change_after_a_purge():
    record_event(make_user(), "user.told", {})
    purge_records(at=timezone.now() + timedelta(days=401))
    with pytest.raises(DatabaseError), transaction.atomic():
        Event.objects.all().delete()


def test_the_audit_log_is_never_purged_and_names_who_purged():
    user = make_user()
    record_event(user, "user.told", {})
    OutboxMessage.objects.update(status="delivered", delivered_at=days_ago(8))
    before = set(AuditEntry.objects.all())
    purge_records(at=timezone.now() + timedelta(days=9999))
    assert before < set(AuditEntry.objects.all())
    entry = AuditEntry.objects.get(action="database.purge")
    assert entry.actor_label == "purge_records"
    assert entry.changes == {"system.outbox": 1, "system.events": 1}


def days_ago(count):
    return timezone.now() - timedelta(days=count)
