"""A backup is tried out as if the live database were lost, and nothing stays."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from dbops.backups import proving
from dbops.backups.catalogue import read_verdict
from dbops.backups.create import create_backup
from dbops.backups.manifest import Manifest, write_manifest
from dbops.backups.storage import backup_storage
from dbops.backups.verify import verify_backup
from dbops.engines.registry import get_engine
from dbops.errors import (
    BackupDamagedError,
    OperationBusyError,
    RestoreRefusedError,
)
from dbops.standing_in import standing_in
from stateset.accounts.models import User
from stateset.lib.invariants import Invariant, Violation
from tests.dbops.shop import Shop
from tests.finance.builders import make_invoice
from tests.stateset.builders import make_user

CHECKS = [
    *("rows", "sequences as they were", "migrations", "constraints", "foreign keys"),
    *("indexes", "sequences", "books"),
]


def verify(manifest: Manifest) -> None:
    verify_backup(backup_id=manifest.id, level="restore")


def say(manifest: Manifest, **changes: Any) -> None:
    """Have the manifest say something else than it did."""
    storage = backup_storage()
    storage.put(manifest.name, write_manifest(replace(manifest, **changes)))


def remembered(manifest: Manifest) -> tuple[str, bool]:
    verdict = read_verdict(backup_storage(), manifest)
    assert verdict is not None
    return verdict.level, verdict.is_good


@pytest.mark.long
def test_a_good_backup_passes_every_check_and_nothing_of_it_stays(books: Shop) -> None:
    make_invoice()
    call_command("migrate", "system", "0001", verbosity=0)
    manifest = create_backup(verify="none")
    call_command("migrate", verbosity=0)
    before = books.databases()
    stdout = io.StringIO()
    arguments = ("--latest", "--level=restore", "--json")
    call_command("verify_backup", *arguments, stdout=stdout)
    told = {
        row["check"]: row["looked_at"] for row in json.loads(stdout.getvalue())["rows"]
    }
    names = [name for name in CHECKS if name != "indexes"]
    assert list(told) == (CHECKS if books.engine == "postgresql" else names)
    assert told["rows"].startswith(f"{manifest.rows:,} rows in ")
    assert told["migrations"].endswith(" applied, 4 run after the restore")
    assert int(told["books"].removesuffix(" rules")) > 20
    assert books.databases() == before
    assert remembered(manifest) == ("restore", True)


@pytest.mark.long
def test_a_row_that_did_not_come_back_is_damage(books: Shop) -> None:
    make_user()
    manifest = create_backup(verify="none")
    rows = {**manifest.contents.tables, "users": 2}
    say(manifest, contents=replace(manifest.contents, tables=rows))
    with pytest.raises(BackupDamagedError) as caught:
        verify(manifest)
    assert caught.value.why == "rows: users: 1 rows, expected 2 rows"
    assert remembered(manifest) == ("restore", False)


def test_only_this_thread_reads_the_stand_in_and_nobody_can_write_to_it(
    books: Shop,
) -> None:
    engine = get_engine()
    live = connections["default"]
    make_user()
    with standing_in(engine, books.name):
        assert connections["default"] is not live
        assert User.objects.count() == 1
        with pytest.raises(Exception, match=r"read-?only"):
            User.objects.all().delete()
    assert connections["default"] is live
    User.objects.all().delete()


def test_each_rule_is_proven_as_check_integrity_does_whatever_the_last_one_met(
    books: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = []

    def look() -> Iterator[Violation]:
        with connections["default"].cursor() as cursor:
            if books.engine == "postgresql":
                cursor.execute("SELECT current_setting('work_mem')")
                settings.append(cursor.fetchone()[0])
            cursor.execute("SELECT COUNT(*) FROM users")
            yield Violation("users", str(cursor.fetchone()[0]))

    def fail() -> Iterator[Violation]:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")
        yield Violation("nothing", "ever")

    rules = [
        Invariant(name, "", find)
        for name, find in (("one", look), ("two", fail), ("three", look))
    ]
    monkeypatch.setattr(proving, "all_invariants", lambda: iter(rules))
    look_of_all = proving._books(get_engine(), books.name, [])
    one, two, three = look_of_all.flaws
    assert (one, three) == ("one: users: 0", "three: users: 0")
    assert "two cannot be proven (" in two
    assert settings == (["128MB"] * 2 if books.engine == "postgresql" else [])


def test_a_second_trial_waits_and_another_engine_is_refused(books: Shop) -> None:
    manifest = create_backup(verify="none")
    engine = get_engine()
    with (
        engine.lock(engine.scratch_name, "drill 7@host"),
        pytest.raises(OperationBusyError),
    ):
        verify(manifest)
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[books.engine]
    say(manifest, engine=other)
    with pytest.raises(RestoreRefusedError, match="was not restored"):
        verify(manifest)
    assert read_verdict(backup_storage(), manifest) is None
