"""A restore where there is nothing left to compare with, or somebody is at work."""

from __future__ import annotations

import json

import pytest

from dbops.backups.create import create_backup
from dbops.backups.storage import backup_storage
from dbops.engines.registry import get_engine
from dbops.errors import BackupDamagedError, OperationBusyError
from dbops.recovery.live import replace_live
from dbops.recovery.plans import RESTORE, plan_restore
from dbops.recovery.records import ASKED, new_record, read_records, write_record
from finance.models import Invoice
from stateset.accounts.models import ApiKey, User
from stateset.accounts.services import issue_api_key
from stateset.lib.invariants import all_invariants, violations
from stateset.lib.maintenance import current_maintenance
from stateset.system.models import AuditEntry, NumberSequence
from tests.dbops.damage import flip_bit
from tests.dbops.recovery.books import lose
from tests.dbops.shop import Shop
from tests.finance.builders import make_invoice
from tests.stateset.builders import make_user


@pytest.mark.long
def test_a_lost_database_comes_back_with_all_that_is_doubtful_switched_off(
    books: Shop,
) -> None:
    issue_api_key(user=make_user(), name="till", scopes=["metrics:read"])
    invoice = make_invoice()
    series = NumberSequence.objects.get(key__startswith="INV-")
    create_backup(verify="none")
    lose(books)
    plan = plan_restore()
    assert str(plan.facts["rows now"]).startswith("unknown: ")
    replaced = replace_live(plan, reason="the disk")
    assert replaced.safety_backup == ""
    assert Invoice.objects.get().pk == invoice.pk
    assert not ApiKey.objects.filter(revoked_at__isnull=True).exists()
    told = {each.subject: str(each) for each in replaced.findings}
    assert told["API keys"].startswith(
        "1 off, as nobody knows which were revoked: till"
    )
    moved = NumberSequence.objects.get(pk=series.pk)
    assert (moved.next_value, moved.skipped) == (series.next_value + 1000, 1000)
    assert list(violations(all_invariants())) == []
    last = AuditEntry.objects.latest("id")
    assert last.pk > 1_000_000
    assert last.changes["rows_before"] is None


@pytest.mark.long
def test_trouble_before_the_exchange_leaves_all_as_it_was_and_a_note(
    books: Shop,
) -> None:
    make_user()
    manifest = create_backup(verify="none")
    make_user()
    plan = plan_restore()
    flip_bit(books.backup_folder / manifest.file_name)
    before = books.databases()
    with pytest.raises(BackupDamagedError):
        replace_live(plan, reason="a try")
    assert User.objects.count() == 2
    assert books.databases() == before
    assert current_maintenance() is None
    (entry,) = AuditEntry.objects.filter(resource_type="restore")
    assert (entry.outcome, entry.reason) == ("error", "a try")
    assert entry.changes["what"] == f"The backup {manifest.id} is damaged."
    create_backup(verify="none")


def test_a_database_that_is_being_worked_on_is_left_alone(books: Shop) -> None:
    create_backup(verify="none")
    plan = plan_restore()
    engine = get_engine()
    with (
        engine.lock(engine.database_name, "backup 7@host"),
        pytest.raises(OperationBusyError),
    ):
        replace_live(plan)
    assert read_records(backup_storage(), "default") == []


def test_what_was_asked_and_killed_is_told_once_by_the_next(books: Shop) -> None:
    create_backup(verify="none")
    storage = backup_storage()
    plan = plan_restore()
    killed = new_record(
        action=RESTORE, alias="default", source="x", reason="", at=plan.planned_at
    )
    write_record(storage, killed)
    storage.put("journal_20261128_000000_00000000.json", b"not JSON")
    assert killed.state == ASKED
    replaced = replace_live(plan)
    entries = AuditEntry.objects.filter(resource_type="restore")
    assert {entry.resource_id: entry.outcome for entry in entries} == {
        killed.id: "error",
        replaced.journal_id: "success",
    }
    assert entries.get(outcome="error").changes["why"] == "its process was killed"
    with storage.open(f"{replaced.journal_id}.json") as file:
        kept = json.load(file)
    assert kept["state"] == "done"
    assert kept["details"]["kept_copy"] == replaced.plan.kept_as
