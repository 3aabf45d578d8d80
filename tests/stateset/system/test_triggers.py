from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, IntegrityError, connection, transaction

from stateset.accounts.models import User
from stateset.lib.journal import Entry, acting, business_transaction, record
from stateset.system.models import AuditEntry, Event
from stateset.system.services import record_event
from stateset.system.triggers import (
    append_only_models,
    audited_models,
    ledgers_open,
    triggers_of,
)
from stateset.system.triggers.checks import check_triggers
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def entries_of(table: str, action: str) -> list[AuditEntry]:
    found = AuditEntry.objects.filter(resource_type=table, action=action)
    return list(found.order_by("id"))


def test_a_change_is_audited_with_both_values_who_why_and_where():
    boss = make_user()
    user = make_user(name="Ada")
    context = {"actor_id": str(boss.pk), "actor_label": boss.email}

    with acting(**context, request_id="r-1"), business_transaction(reason="married"):
        user.name = "Ada Lovelace"
        user.save()

    (entry,) = entries_of("users", "update")
    assert entry.changes == {"name": ["Ada", "Ada Lovelace"]}
    assert entry.actor == boss
    assert entry.actor_label == boss.email
    assert (entry.reason, entry.request_id) == ("married", "r-1")
    assert entry.resource_id == str(user.pk)


def test_bulk_updates_and_plain_sql_are_audited_too():
    user = make_user(name="Ada")
    User.objects.filter(pk=user.pk).update(name="Bea")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users SET name = 'Cleo' WHERE name = 'Bea'")

    changes = [entry.changes["name"] for entry in entries_of("users", "update")]
    assert changes == [["Ada", "Bea"], ["Bea", "Cleo"]]


def test_who_may_do_what_is_audited():
    user = make_user()

    user.groups.add(Group.objects.get(name="Auditor"))

    assert entries_of("users_groups", "insert")


def test_a_password_is_never_written_to_the_audit_log():
    user = make_user()
    user.set_password("a long enough secret")
    user.save()

    entry = entries_of("users", "update")[-1]
    assert entry.changes["password_hash"] == ["[redacted]", "[redacted]"]


def test_a_write_that_changes_nothing_is_not_audited():
    user = make_user()

    user.save()

    assert not entries_of("users", "update")


def test_a_change_that_is_rolled_back_leaves_no_entry():
    user = make_user(name="Ada")
    with business_transaction():
        User.objects.update(name="Bea")
        transaction.set_rollback(True)

    assert not entries_of("users", "update")
    user.refresh_from_db()
    assert user.name == "Ada"


def test_the_reason_of_an_inner_step_ends_with_it():
    with business_transaction(reason="outer"):
        with business_transaction(reason="inner"):
            make_user(name="Ada")
        make_user(name="Bea")

    reasons = [entry.reason for entry in entries_of("users", "insert")]
    assert reasons == ["inner", "outer"]


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_append_only_rows_are_neither_changed_nor_deleted(statement):
    record_event(make_user(), "user.made")

    for table in ("events", "audit_log"):
        with (
            pytest.raises(DatabaseError, match=f"{table} is append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table))
    assert Event.objects.count() == 1


def test_the_one_bypass_opens_the_ledgers_and_closes_them_again():
    AuditEntry.objects.create(action="login")
    with ledgers_open():
        AuditEntry.objects.all().delete()
    assert not AuditEntry.objects.exists()

    AuditEntry.objects.create(action="login")
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.all().delete()


def test_every_document_is_audited_and_every_ledger_is_append_only():
    tables = {model._meta.db_table for model in audited_models()}
    ledgers = {model._meta.db_table for model in append_only_models()}

    assert {"orders", "order_items", "payments", "inventory", "users"} <= tables
    assert ledgers == {
        "audit_log",
        "audit_seals",
        "events",
        "inventory_transactions",
        "shipment_tracking",
    }


DROP_ONE = {
    "postgresql": "DROP TRIGGER stateset_append_only ON events",
    "sqlite": "DROP TRIGGER stateset_append_only_events_delete",
}


def test_a_missing_trigger_is_found_and_migrate_puts_it_back():
    assert check_triggers(None, databases=["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute(DROP_ONE[connection.vendor])

    (found,) = check_triggers(None, databases=["default"])

    assert found.id == "stateset.E010"
    assert found.msg.startswith("Database 'default' lacks the trigger events.")
    triggers_of(connection).install(connection)
    assert check_triggers(None, databases=["default"]) == []


def test_what_leaves_no_row_is_recorded_by_hand():
    with acting(actor_label="cron", reason="nightly"):
        record(Entry("backup.create", "backup", "b-1", details={"bytes": 12}))

    entry = AuditEntry.objects.get(action="backup.create")
    assert (entry.actor_label, entry.reason) == ("cron", "nightly")
    assert entry.changes == {"bytes": 12}
