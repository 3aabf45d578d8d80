from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from django.utils import timezone as clock

from dbops.backups.create import create_backup
from dbops.backups.storage import backup_storage
from dbops.backups.verify import verify_backup
from dbops.engines.registry import get_engine
from dbops.errors import DiskError, OperationBusyError, StorageError
from stateset.lib import journal
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
            },
        ),
        journal.Entry(
            "backup.verify", "backup", manifest.id, "success", {"level": "hash"}
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
