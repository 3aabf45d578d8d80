from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from django.db import connections

from dbops.backups.create import create_backup
from dbops.backups.restore import restore_backup
from dbops.backups.verify import verify_backup
from dbops.engines.registry import get_engine
from dbops.engines.sqlite import dump as dumping
from dbops.errors import (
    BackupDamagedError,
    DatabaseUnavailableError,
    OperationBusyError,
    RestoreRefusedError,
    TargetExistsError,
)
from stateset.lib import journal
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.sqlite


@pytest.fixture(autouse=True)
def temporary_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give each test a TMPDIR of its own, and see that nothing stays in it."""
    folder = tmp_path_factory.mktemp("tmpdir")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def test_a_missing_file_is_an_error_and_is_not_made(
    shop: Shop, entries: list[journal.Entry]
) -> None:
    missing = shop.folder / "missing.db"
    connections[ALIAS].settings_dict["NAME"] = str(missing)
    with pytest.raises(DatabaseUnavailableError) as caught:
        create_backup(alias=ALIAS)
    assert str(caught.value) == (
        "The database 'shop' is not there.\n"
        f"  why: there is no file {missing}\n"
        "  fix: correct APP__DATABASE_URL, or make the database with migrate"
    )
    assert not missing.exists()
    assert not shop.backup_folder.exists()
    # The journal may well be in the database that is missing.
    assert entries == []


@pytest.mark.parametrize("name", [":memory:", "file:shop?mode=memory&cache=shared"])
def test_a_database_in_memory_is_told(shop: Shop, name: str) -> None:
    connections[ALIAS].settings_dict["NAME"] = name
    with pytest.raises(DatabaseUnavailableError) as caught:
        create_backup(alias=ALIAS)
    assert str(caught.value) == (
        "The database 'shop' has no file.\n"
        "  why: it is kept in memory\n"
        "  fix: name a file in APP__DATABASE_URL, as sqlite://stateset.db"
    )


def test_a_file_that_is_no_database_is_told(shop: Shop) -> None:
    other = shop.folder / "notes.db"
    other.write_text("these are notes, not rows " * 100)
    connections[ALIAS].settings_dict["NAME"] = str(other)
    with pytest.raises(DatabaseUnavailableError) as caught:
        create_backup(alias=ALIAS)
    assert caught.value.what == "notes.db cannot be read as a database."
    assert caught.value.why == f"{other}: file is not a database"
    assert shop.files() == []


def test_a_name_with_signs_of_an_address_is_a_file(shop: Shop) -> None:
    odd = shop.folder / "a?mode=rw#100% b.db"
    Path(shop.name).rename(odd)
    connections[ALIAS].settings_dict["NAME"] = str(odd)
    assert create_backup(alias=ALIAS).contents.database == odd.name


def test_an_empty_database_is_remarked_on(shop: Shop) -> None:
    empty = shop.folder / "empty.db"
    empty.touch()
    connections[ALIAS].settings_dict["NAME"] = str(empty)
    assert create_backup(alias=ALIAS).warnings == ("the database has no tables",)


def test_the_dump_is_one_file_without_write_ahead_log(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, packing="none")
    header = (shop.backup_folder / manifest.file_name).read_bytes()[:20]
    assert header.startswith(b"SQLite format 3\0")
    # Bytes 18 and 19: 1 is a rollback journal, 2 the write-ahead log.
    assert header[18:20] == b"\1\1"


def test_rows_still_in_the_write_ahead_log_are_in_the_dump(shop: Shop) -> None:
    with closing(sqlite3.connect(shop.name)) as writer:
        writer.execute("INSERT INTO orders VALUES (999, 'fresh', 1)")
        writer.commit()
        assert Path(f"{shop.name}-wal").stat().st_size
        manifest = create_backup(alias=ALIAS)
    assert manifest.contents.tables["orders"] == 301


def test_rows_not_yet_committed_are_not_in_the_dump(shop: Shop) -> None:
    with closing(sqlite3.connect(shop.name, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO orders VALUES (999, 'fresh', 1)")
        manifest = create_backup(alias=ALIAS)
    assert manifest.contents.tables["orders"] == 300


def test_the_copy_is_consistent_under_a_writer_that_never_rests(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run("CREATE TABLE pad (x BLOB)")
    shop.run("INSERT INTO pad SELECT zeroblob(1000) FROM orders, customers")
    monkeypatch.setattr(dumping, "PAGES_PER_STEP", 1)
    stop = Event()

    def write() -> None:
        number = 1000
        with closing(sqlite3.connect(shop.name, timeout=30)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            while not stop.is_set():
                number += 1
                connection.execute("INSERT INTO customers VALUES (?, 'x')", [number])
                connection.execute(
                    "INSERT INTO orders VALUES (?, 'x', ?)", [number] * 2
                )
                connection.commit()

    writer = Thread(target=write)
    writer.start()
    try:
        counts = [create_backup(alias=ALIAS).contents.tables for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    for tables in counts:
        assert tables["orders"] - 300 == tables["customers"] - 2
    assert shop.count("orders") > counts[-1]["orders"]


def test_orphans_in_the_live_database_are_found_by_verification(shop: Shop) -> None:
    shop.run("DELETE FROM customers WHERE id = 2")
    with pytest.raises(BackupDamagedError) as caught:
        create_backup(alias=ALIAS)
    assert caught.value.what == "The dump is not a sound database."
    assert caught.value.why.startswith("orders, row 1: its customers is not there; ")
    assert caught.value.why.endswith("; and 145 more")


def test_a_broken_database_is_found_by_verification(shop: Shop) -> None:
    shop.run("CREATE INDEX orders_note ON orders (note)")
    shop.run("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(Path(shop.name).read_bytes())
    place = content.rindex(b"n250")
    content[place : place + 4] = b"m250"
    Path(shop.name).write_bytes(content)
    manifest = create_backup(alias=ALIAS, verify="hash")
    with pytest.raises(BackupDamagedError, match="not a sound database") as caught:
        verify_backup(backup_id=manifest.id)
    assert "orders_note" in caught.value.why
    with pytest.raises(BackupDamagedError, match="restored file is not a sound"):
        restore_backup(into=shop.new_name(), alias=ALIAS)
    assert shop.databases() == [shop.name]


def test_a_relative_target_lies_in_the_project(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    with pytest.raises(TargetExistsError) as caught:
        restore_backup(into="manage.py", alias=ALIAS)
    root = Path(__file__).parents[4]
    assert str(caught.value) == (
        "The file 'manage.py' was not created.\n"
        f"  why: {root / 'manage.py'} is there already\n"
        "  fix: choose another name for --into, or move that file away first"
    )


@pytest.mark.parametrize("name", ["", "missing/copy.db"])
def test_a_target_without_a_folder_is_refused(shop: Shop, name: str) -> None:
    create_backup(alias=ALIAS, verify="none")
    target = str(shop.folder / name) if name else name
    with pytest.raises(RestoreRefusedError, match=r"not created|cannot be the file"):
        restore_backup(into=target, alias=ALIAS)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_leftover_that_would_be_replayed_is_refused(shop: Shop, suffix: str) -> None:
    create_backup(alias=ALIAS, verify="none")
    Path(shop.new_name() + suffix).write_text("old")
    with pytest.raises(TargetExistsError, match=f"copy.db{suffix} is there already"):
        restore_backup(into=shop.new_name(), alias=ALIAS)
    assert not Path(shop.new_name()).exists()


def test_a_link_that_leads_nowhere_is_no_free_name(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    Path(shop.new_name()).symlink_to(shop.folder / "elsewhere")
    with pytest.raises(TargetExistsError):
        restore_backup(into=shop.new_name(), alias=ALIAS)
    assert not (shop.folder / "elsewhere").exists()


def test_what_a_killed_restore_left_is_replaced(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    Path(shop.new_name() + "-restoring").write_text("half")
    restore_backup(into=shop.new_name(), alias=ALIAS)
    assert shop.databases() == sorted([shop.new_name(), shop.name])


def test_a_restored_file_is_private(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    restore_backup(into=shop.new_name(), alias=ALIAS)
    assert Path(shop.new_name()).stat().st_mode & 0o777 == 0o600


def test_a_lease_file_of_a_killed_run_holds_nobody_up(shop: Shop) -> None:
    Path(f"{shop.name}-lease").write_text("backup 1@db-1 holds it since 2026-01-01")
    create_backup(alias=ALIAS, verify="none")
    assert shop.databases() == [shop.name]


def test_a_busy_database_is_known_by_its_file_name(shop: Shop) -> None:
    engine = get_engine(ALIAS)
    with (
        engine.lock(engine.database_name, "vacuum 7@host"),
        pytest.raises(OperationBusyError) as caught,
    ):
        create_backup(alias=ALIAS)
    assert caught.value.what == "The database 'shop.db' is being worked on."
