from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from django.utils import timezone as clock

from dbops.backups.create import create_backup
from dbops.backups.measuring import Writable
from dbops.backups.reading import file_source
from dbops.backups.restore import restore_backup
from dbops.backups.storage import FolderStorage, backup_storage
from dbops.backups.verify import verify_backup
from dbops.engines.registry import get_engine
from dbops.errors import (
    BackupDamagedError,
    DiskError,
    NameTakenError,
    OperationBusyError,
    StorageError,
)
from stateset.lib import journal
from stateset.lib.reports import render_bytes
from tests.dbops.damage import flip_bit
from tests.dbops.limits import files_no_larger_than
from tests.dbops.shop import ALIAS, MIGRATIONS, TABLES, Shop

MOMENT = datetime(2026, 11, 23, 2, 0, 0, tzinfo=UTC)
STEM = "stateset_20261123_020000"


def test_a_backup_is_a_file_a_manifest_and_a_verdict(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, reason="before the sale", started_at=MOMENT)
    assert shop.files() == [
        f"{STEM}{shop.suffix}.zst",
        f"{STEM}.manifest.json",
        f"{STEM}.verified.json",
    ]
    assert (manifest.id, manifest.alias, manifest.engine) == (STEM, ALIAS, shop.engine)
    assert (manifest.reason, manifest.kind) == ("before the sale", "dump")
    assert manifest.contents.tables == TABLES
    assert manifest.contents.migrations == MIGRATIONS
    assert manifest.warnings == ()


def test_the_manifest_tells_the_stored_bytes(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    content = (shop.backup_folder / manifest.file_name).read_bytes()
    assert manifest.stored.sha256 == sha256(content).hexdigest()
    assert manifest.stored.size_bytes == len(content)


def test_files_are_private(shop: Shop) -> None:
    before = os.umask(0)
    try:
        create_backup(alias=ALIAS)
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in shop.backup_folder.iterdir()}
    assert modes == {0o600}
    assert shop.backup_folder.stat().st_mode & 0o777 == 0o700


def test_name_and_manifest_come_from_one_reading_of_the_clock_in_utc(
    shop: Shop,
) -> None:
    zone = timezone(timedelta(hours=9))
    moment = datetime(2026, 1, 1, 8, 59, 59, 999_999, tzinfo=zone)
    manifest = create_backup(alias=ALIAS, verify="none", started_at=moment)
    assert manifest.id == "stateset_20251231_235959"
    assert manifest.started_at == moment
    assert manifest.started_at.utcoffset() == timedelta(0)
    assert manifest.finished_at > manifest.started_at


def test_without_a_given_moment_it_is_now(shop: Shop) -> None:
    before = clock.now()
    manifest = create_backup(alias=ALIAS, verify="none")
    assert before <= manifest.started_at <= manifest.finished_at <= clock.now()


def test_two_backups_of_one_second_do_not_collide(shop: Shop) -> None:
    ids = [
        create_backup(alias=ALIAS, verify="none", started_at=MOMENT).id
        for _ in range(3)
    ]
    assert ids == [STEM, f"{STEM}_02", f"{STEM}_03"]
    assert len(shop.files()) == 6


@pytest.mark.parametrize(
    ("packing", "suffix"), [("gzip", ".gz"), ("none", ""), ("zstd:3", ".zst")]
)
def test_every_compression_can_be_verified(
    shop: Shop, packing: str, suffix: str
) -> None:
    manifest = create_backup(alias=ALIAS, packing=packing)
    assert manifest.file_name == manifest.id + shop.suffix + suffix
    assert str(manifest.compression) == packing


def test_a_second_operation_on_the_database_is_refused(shop: Shop) -> None:
    engine = get_engine(ALIAS)
    with (
        engine.lock(engine.database_name, "vacuum 7@host"),
        pytest.raises(OperationBusyError) as caught,
    ):
        create_backup(alias=ALIAS)
    assert caught.value.exit_code == 75
    assert caught.value.why.startswith("vacuum 7@host holds it since")
    assert not shop.backup_folder.exists()
    create_backup(alias=ALIAS)


def test_a_full_disk_leaves_nothing(shop: Shop) -> None:
    shop.run("UPDATE orders SET note = '" + "long " * 200 + "'")
    before = shop.databases()
    with (
        pytest.raises((StorageError, DiskError)) as caught,
        files_no_larger_than(100_000),
    ):
        create_backup(alias=ALIAS, packing="none", started_at=MOMENT)
    assert "was not written." in caught.value.what
    assert caught.value.fix.startswith("make room in ")
    assert shop.files() == []
    assert set(shop.databases()) - set(before) == set()


def test_a_manifest_that_cannot_be_written_leaves_no_backup(shop: Shop) -> None:
    shop.backup_folder.mkdir()
    # A folder cannot be replaced by a file, not even by root.
    (shop.backup_folder / f"{STEM}.manifest.json").mkdir()
    with pytest.raises(StorageError, match=r"manifest\.json was not"):
        create_backup(alias=ALIAS, started_at=MOMENT)
    assert shop.files() == [f"{STEM}.manifest.json"]


def test_what_another_run_stored_under_the_name_meanwhile_is_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = FolderStorage.create

    @contextmanager
    def lose(self: FolderStorage, stem: str, suffix: str) -> Iterator[Writable]:
        # As a bucket does that tells only at the end who came first.
        with create(self, stem, suffix) as target:
            yield target
        raise NameTakenError("It was not written.", why="another run was first")

    monkeypatch.setattr(FolderStorage, "create", lose)
    with pytest.raises(NameTakenError):
        create_backup(alias=ALIAS)
    assert len(shop.files()) == 1


def test_success_is_journaled(shop: Shop, entries: list[journal.Entry]) -> None:
    manifest = create_backup(alias=ALIAS, verify="hash")
    assert entries == [
        journal.Entry(
            "backup.create",
            "backup",
            manifest.id,
            "success",
            {
                "alias": ALIAS,
                "bytes": manifest.stored.size_bytes,
                "rows": sum(TABLES.values()),
                "locations": ["local"],
                "missed": {},
            },
        ),
        journal.Entry(
            "backup.verify",
            "backup",
            manifest.id,
            "success",
            {"level": "hash", "location": "local"},
        ),
    ]


def test_failure_is_journaled(shop: Shop, entries: list[journal.Entry]) -> None:
    shop.backup_folder.touch()
    with pytest.raises(StorageError):
        create_backup(alias=ALIAS)
    assert entries == [
        journal.Entry(
            "backup.create",
            "backup",
            "",
            "error",
            {
                "what": "The folder for backups was not made.",
                "why": f"{shop.backup_folder}: File exists",
            },
        )
    ]


def test_a_journal_that_fails_does_not_fail_the_backup(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_entry: journal.Entry, _context: journal.Context) -> None:
        raise LookupError("no table audit_log")

    monkeypatch.setattr(journal, "_sinks", [broken])
    create_backup(alias=ALIAS, verify="none")
    assert caplog.messages == [
        "The journal has no entry for backup.create: no table audit_log"
    ]


def test_the_reason_reaches_the_journal(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = []
    monkeypatch.setattr(
        journal, "_sinks", [lambda _entry, context: reasons.append(context.reason)]
    )
    create_backup(alias=ALIAS, verify="none", reason="before the sale")
    assert reasons == ["before the sale"]


def test_the_rows_are_those_of_the_dump_while_others_write(shop: Shop) -> None:
    shop.run("INSERT INTO orders VALUES (300, 'late', 1)")
    manifest = create_backup(alias=ALIAS, verify="none")
    shop.run("DELETE FROM orders")
    assert manifest.contents.tables["orders"] == 301
    # Decoding an SQLite dump counts its rows again.
    verify_backup(backup_id=manifest.id)


def test_the_verdict_names_what_was_verified(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="hash")
    with backup_storage().open(f"{manifest.id}.verified.json") as file:
        verdict = json.load(file)
    assert (verdict["level"], verdict["is_good"]) == ("hash", True)
    assert verdict["stored_sha256"] == manifest.stored.sha256


def test_rows_of_what_is_true_only_now_stay_out(shop: Shop) -> None:
    shop.run("CREATE TABLE dbops_scheduled_runs (id int)")
    shop.run("INSERT INTO dbops_scheduled_runs VALUES (1), (2)")
    manifest = create_backup(alias=ALIAS)
    assert manifest.contents.tables == TABLES | {"dbops_scheduled_runs": 0}
    assert manifest.contents.left_out == ("dbops_scheduled_runs",)
    into = shop.new_name()
    restore_backup(backup_id=manifest.id, alias=ALIAS, into=into)
    assert shop.count("dbops_scheduled_runs", into) == 0
    assert shop.count("dbops_scheduled_runs") == 2


def test_no_room_for_a_backup_like_the_last_one_is_told_before_it_begins(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = create_backup(alias=ALIAS, verify="none", started_at=MOMENT)
    monkeypatch.setattr(FolderStorage, "free_bytes", lambda _self: 1024)
    with pytest.raises(StorageError) as caught:
        create_backup(alias=ALIAS)
    needed = render_bytes(int(last.size_bytes * 1.3))
    assert str(caught.value) == (
        "The backup was not begun.\n"
        f"  why: {shop.backup_folder} has 1.0 KiB free, and 1.3 times the last backup"
        f" is {needed}\n"
        f"  fix: make room in {shop.backup_folder} (prune_backups), or choose another"
        " folder"
    )
    assert shop.files() == [last.file_name, last.name]


@pytest.mark.sqlite
def test_a_full_backup_of_a_file_has_nothing_more_and_says_so(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, kind="full")
    assert manifest.kind == "full"
    assert manifest.surroundings == "sqlite has no roles and no settings of a server"
    assert len(shop.files()) == 3


@pytest.mark.postgresql
def test_a_full_backup_has_roles_and_settings_in_a_second_file(shop: Shop) -> None:
    shop.run(f"ALTER DATABASE \"{shop.name}\" SET work_mem = '7MB'")
    manifest = create_backup(alias=ALIAS, kind="full")
    _, beside = manifest.files
    assert beside.name == f"{manifest.id}.surroundings.sql.zst"
    assert beside.name in shop.files()
    text = b"".join(file_source(backup_storage(), manifest, beside).chunks).decode()
    assert f"CREATE ROLE {shop.settings['USER']}" in text
    assert f"ALTER DATABASE \"{shop.name}\" SET work_mem TO '7MB';" in text
    assert "\n-- listen_addresses = " in text
    assert "PASSWORD '" not in text
    flip_bit(shop.backup_folder / beside.name)
    for level in ("hash", "decode"):
        with pytest.raises(BackupDamagedError, match="is damaged"):
            verify_backup(backup_id=manifest.id, level=level)
    (shop.backup_folder / beside.name).unlink()
    with pytest.raises(BackupDamagedError, match=r"surroundings\.sql\.zst is missing"):
        verify_backup(backup_id=manifest.id, level="manifest")


@pytest.mark.postgresql
def test_the_manifest_tells_where_the_data_comes_from(shop: Shop) -> None:
    shop.run("CREATE SEQUENCE numbers; SELECT nextval('numbers')")
    manifest = create_backup(alias=ALIAS, verify="none")
    contents = manifest.contents
    assert set(contents.position) == {"system_identifier", "timeline", "lsn"}
    assert contents.sequences == {"numbers": 1}
    assert set(contents.extensions) == {"plpgsql"}
    assert shop.settings["USER"] in contents.roles
    assert contents.sizes.keys() == TABLES.keys()
    assert contents.sizes["orders"] >= 8192
    assert contents.properties["encoding"] == "UTF8"
    assert "--format=custom" in manifest.flags
    assert manifest.snapshot
    assert set(manifest.tools) == {"python", "zstandard"}
