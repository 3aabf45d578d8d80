"""A restore over the company's own books, as the operator sees it afterwards."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from dbops.backups.create import create_backup
from dbops.errors import RestoreRefusedError
from dbops.recovery.live import Replaced, replace_live
from dbops.recovery.plans import plan_restore, plan_rollback
from finance.models import Invoice
from stateset.accounts.errors import ApiKeyRefusedError
from stateset.accounts.models import User
from stateset.accounts.services import (
    authenticate_api_key,
    issue_api_key,
    issue_refresh_token,
    revoke_api_key,
)
from stateset.lib.databases import unapplied_migrations
from stateset.lib.invariants import all_invariants, violations
from stateset.lib.maintenance import current_maintenance
from stateset.system.models import AuditEntry, Event, OutboxMessage, Seal
from stateset.system.sealing.flow import seal_log
from tests.dbops.shop import Shop
from tests.finance.builders import make_invoice
from tests.stateset.builders import make_user

SCOPE = "metrics:read"


def restore(reason: str = "") -> Replaced:
    return replace_live(plan_restore(), reason=reason)


def found(replaced: Replaced) -> dict[str, str]:
    return {each.subject: str(each) for each in replaced.findings}


def deliver(message: OutboxMessage) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(
        status="delivered", delivered_at=timezone.now()
    )


def number() -> str:
    """Issue an invoice and return its number."""
    return str(make_invoice().invoice_number)


def numbers() -> list[str]:
    return sorted(map(str, Invoice.objects.values_list("invoice_number", flat=True)))


@pytest.mark.long
def test_what_was_revoked_numbered_or_sent_since_the_backup_stays_so(
    books: Shop,
) -> None:
    ada = make_user()
    lost, lost_secret = issue_api_key(user=ada, name="till", scopes=[SCOPE])
    _, kept_secret = issue_api_key(user=ada, name="shop", scopes=[SCOPE])
    leaver = make_user(is_superuser=True, is_staff=True)
    first = number()
    issue_refresh_token(ada)
    Session.objects.create(session_key="s" * 32, expire_date=timezone.now())
    seal_log()
    manifest = create_backup(verify="none", reason="nightly")

    revoke_api_key(lost, reason="stolen")
    issue_api_key(user=ada, name="late", scopes=[SCOPE])
    User.objects.filter(pk=leaver.pk).update(is_active=False, is_superuser=False)
    sent = OutboxMessage.objects.order_by("pk").first()
    assert sent is not None
    deliver(sent)
    second = number()
    last_event = Event.objects.latest("id").pk

    replaced = restore("a wrong price list")

    assert numbers() == [first]
    with pytest.raises(ApiKeyRefusedError):
        authenticate_api_key(lost_secret, scope=SCOPE)
    assert authenticate_api_key(kept_secret, scope=SCOPE).name == "shop"
    leaver.refresh_from_db()
    assert (leaver.is_active, leaver.is_superuser, leaver.is_staff) == (False,) * 2 + (
        True,
    )
    assert not Session.objects.exists()
    assert number() > second
    assert Seal.objects.exists()
    assert list(violations(all_invariants())) == []
    assert Event.objects.latest("id").pk > last_event
    sent.refresh_from_db()
    assert sent.status == "delivered"
    restored = OutboxMessage.objects.filter(event_id__lt=last_event)
    assert set(restored.values_list("status", flat=True)) == {"delivered", "held"}

    told = found(replaced)
    assert told["API keys revoked since"].startswith("1 stay off: till (sk_…")
    assert told["API keys issued since"].startswith("1 gone; issue new ones: late (")
    assert told["users changed since"] == (
        f"1 narrowed; look at them: {leaver} (not active, not superuser)"
    )
    assert told["sessions"] == "1 deleted"
    assert told["refresh tokens"] == "1 revoked"
    assert told["outbox"] == "1 delivered since the backup, so not again"
    assert "to be released or discarded" in told["outbox on hold"]

    (entry,) = AuditEntry.objects.filter(resource_type="restore")
    assert entry.action == "backup.restore"
    assert entry.resource_id == replaced.journal_id
    assert entry.reason == "a wrong price list"
    assert "@" in entry.actor_label
    assert entry.changes["source"] == manifest.id
    assert entry.changes["rows_before"] > entry.changes["rows_after"] > manifest.rows
    assert entry.changes["safety_backup"] == replaced.safety_backup
    assert entry.changes["kept_copy"] == replaced.plan.kept_as
    assert entry.changes["quarantine"] == told
    assert current_maintenance() is None
    create_backup(verify="none")


@pytest.mark.long
def test_going_back_brings_the_lost_work_and_not_the_lost_rights(books: Shop) -> None:
    key, secret = issue_api_key(user=make_user(), name="till", scopes=[SCOPE])
    first = number()
    create_backup(verify="none")
    second = number()
    seal_log()
    stale = plan_restore()
    lost = {loss.table: loss for loss in stale.losses or ()}
    assert (lost["invoices"].then, lost["invoices"].now) == (1, 2)
    assert lost["invoices"].changes
    assert lost["events"].changes is None
    assert "dbops_scheduled_runs" not in lost
    plan = plan_restore()
    make_user()
    restored = replace_live(plan, reason="first")
    assert found(restored)["written after the plan"] == (
        f"1 changes, which only {plan.kept_as} has: users 1"
    )
    revoke_api_key(key, reason="stolen")
    third = number()
    replaced = replace_live(plan_rollback(), reason="it was the wrong backup")
    assert numbers() == [first, second]
    with pytest.raises(ApiKeyRefusedError):
        authenticate_api_key(secret, scope=SCOPE)
    assert number() > third
    assert list(violations(all_invariants())) == []
    assert [
        (entry.action, entry.reason, entry.resource_id)
        for entry in AuditEntry.objects.filter(resource_type="restore").order_by("id")
    ] == [
        ("backup.restore", "first", restored.journal_id),
        ("backup.rollback", "it was the wrong backup", replaced.journal_id),
    ]
    assert set(books.databases()) == {books.name, replaced.plan.kept_as}
    with pytest.raises(RestoreRefusedError) as caught:
        replace_live(stale)
    assert caught.value.why.startswith("another restore has replaced it since")
    assert set(books.databases()) == {books.name, replaced.plan.kept_as}


@pytest.mark.long
def test_an_older_backup_gets_the_migrations_before_it_goes_live(books: Shop) -> None:
    call_command("migrate", "system", "0001", verbosity=0)
    create_backup(verify="none")
    call_command("migrate", verbosity=0)
    plan = plan_restore()
    assert plan.facts["migrations"] == (
        "4 are run before it goes live: system.0002_outbox_hold;"
        " system.0003_sequence_skipped; system.0004_seals_and_proofs;"
        " system.0005_erasures"
    )
    replace_live(plan)
    assert unapplied_migrations(connections["default"]) == []
    assert AuditEntry.objects.filter(resource_type="restore").count() == 1


@pytest.mark.long
def test_the_command_shows_its_plan_and_acts_only_on_the_right_name(
    books: Shop, settings: Settings
) -> None:
    settings.BACKUP_JOBS = 2
    manifest = create_backup(verify="none")
    make_user()
    name = plan_restore().name
    before = books.databases()
    shown = output("restore", "--latest", "--dry-run")
    assert f"{manifest.id}, " in shown
    assert "\nrows then    " in shown
    assert "users +1 rows, 1 changes" in shown
    lost = shown[shown.index("Written since, and gone afterwards") :].splitlines()
    assert ["users", "0", "1", "1"] in [line.split() for line in lost]
    assert shown.rstrip().endswith(f"Nothing was changed: this would replace {name}")
    for given, why in (
        ([], "this destroys data, and there is no terminal to ask on"),
        (["--confirm", "other"], f"'other' is not {name!r}"),
    ):
        with pytest.raises(Exception, match="Nothing was changed") as caught:
            output("restore", "--latest", *given)
        assert f"  why: {why}\n" in str(caught.value)
    assert books.databases() == before
    assert User.objects.count() == 1
    told = json.loads(
        output("restore", "--latest", "--confirm", name, "--json", "--reason", "test")
    )
    assert User.objects.count() == 0
    assert told["row_count_before"] > told["row_count"] - 1
    assert told["kept_copy"] in books.databases()
    assert all(len(line) <= 80 for line in plan_restore().text.splitlines())
    assert "step 1" in shown
    output("backup", "--verify", "none")


def output(*arguments: str) -> str:
    stream = StringIO()
    call_command(*arguments, stdout=stream, stderr=StringIO())
    return stream.getvalue()
