from __future__ import annotations

from collections.abc import Callable

import pytest

from dbops.backups.create import create_backup
from dbops.backups.manifest import Manifest, write_manifest
from dbops.backups.restore import restore_backup
from dbops.backups.storage import backup_storage
from dbops.engines.base import Contents
from dbops.engines.registry import get_engine
from dbops.errors import (
    BackupDamagedError,
    BackupNotFoundError,
    OperationBusyError,
    RestoreRefusedError,
    TargetExistsError,
)
from dbops.leases import leased
from stateset.lib import journal
from tests.dbops.builders import store_backup
from tests.dbops.damage import alter, cut_off, flip_bit
from tests.dbops.shop import ALIAS, TABLES, Shop


def restore(shop: Shop, backup_id: str = "latest") -> None:
    restore_backup(backup_id=backup_id, into=shop.new_name(), alias=ALIAS)


@pytest.mark.parametrize("packing", ["zstd", "gzip", "none"])
def test_a_backup_comes_back_as_a_new_database(shop: Shop, packing: str) -> None:
    create_backup(alias=ALIAS, packing=packing)
    shop.run("DELETE FROM orders")
    before = shop.databases()
    restored = restore_backup(into=shop.new_name(), alias=ALIAS)
    assert restored.target == shop.new_name()
    for table, rows in TABLES.items():
        assert shop.count(table, restored.target) == rows
    assert shop.run("SELECT note FROM orders WHERE id = 299", restored.target) == [
        ("n299",)
    ]
    assert shop.count("orders") == 0
    assert set(shop.databases()) == {*before, restored.target}


def test_an_older_backup_is_restored_by_its_id(shop: Shop) -> None:
    first = create_backup(alias=ALIAS, verify="none")
    shop.run("DELETE FROM orders")
    create_backup(alias=ALIAS, verify="none")
    restore(shop, first.id)
    assert shop.count("orders", shop.new_name()) == 300


def test_a_restore_is_journaled(shop: Shop, entries: list[journal.Entry]) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    entries.clear()
    restore(shop)
    with pytest.raises(TargetExistsError):
        restore(shop)
    details = {"into": shop.new_name(), "alias": ALIAS}
    assert entries == [
        journal.Entry("backup.restore", "backup", manifest.id, "success", details)
    ]


def test_an_existing_target_is_refused_and_left_alone(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    restore(shop)
    shop.run("DELETE FROM orders", shop.new_name())
    before = shop.databases()
    with pytest.raises(TargetExistsError) as caught:
        restore(shop)
    assert "was not created" in caught.value.what
    assert "is there already" in caught.value.why
    assert shop.count("orders", shop.new_name()) == 0
    assert shop.databases() == before


def test_the_database_itself_is_no_target(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    with pytest.raises(TargetExistsError):
        restore_backup(into=shop.name, alias=ALIAS)
    assert shop.count("orders") == 300


def spoil_bit(shop: Shop, manifest: Manifest) -> None:
    flip_bit(shop.backup_folder / manifest.file_name)


def spoil_end(shop: Shop, manifest: Manifest) -> None:
    cut_off(shop.backup_folder / manifest.file_name)


def spoil_manifest(shop: Shop, manifest: Manifest) -> None:
    alter(shop.backup_folder / manifest.name, tables=[])


def lose_manifest(shop: Shop, manifest: Manifest) -> None:
    (shop.backup_folder / manifest.name).unlink()


def swap_files(shop: Shop, manifest: Manifest) -> None:
    shop.run("UPDATE orders SET note = 'm' || substr(note, 2)")
    other = create_backup(alias=ALIAS, verify="none")
    (shop.backup_folder / other.file_name).rename(
        shop.backup_folder / manifest.file_name
    )


@pytest.mark.parametrize(
    "spoil", [spoil_bit, spoil_end, spoil_manifest, lose_manifest, swap_files]
)
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    shop: Shop, spoil: Callable[[Shop, Manifest], None]
) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    spoil(shop, manifest)
    before = shop.databases()
    with pytest.raises(BackupDamagedError) as caught:
        restore(shop, manifest.id)
    assert caught.value.fix == "use another backup (list_backups), and make a new one"
    assert shop.databases() == before


def test_a_manifest_that_promises_other_rows_leaves_nothing(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    tables = {**manifest.contents.tables, "orders": 301}
    contents = Contents(**{**vars(manifest.contents), "tables": tables})
    forged = Manifest(**{**vars(manifest), "contents": contents})
    (shop.backup_folder / manifest.name).write_bytes(write_manifest(forged))
    before = shop.databases()
    with pytest.raises(BackupDamagedError) as caught:
        restore(shop)
    assert str(caught.value) == (
        f"The backup {manifest.id} did not come back whole.\n"
        "  why: orders: 300 rows, expected 301 rows\n"
        "  fix: use another backup (list_backups), and make a new one"
    )
    assert shop.databases() == before


def test_a_backup_of_another_engine_is_refused(shop: Shop) -> None:
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[shop.engine]
    store_backup(backup_storage(), "stateset_20261123_020000", engine=other)
    before = shop.databases()
    with pytest.raises(RestoreRefusedError) as caught:
        restore(shop, "stateset_20261123_020000")
    assert str(caught.value) == (
        "The backup stateset_20261123_020000 was not restored.\n"
        f"  why: it is of {other}, the database 'shop' is {shop.engine}\n"
        "  fix: choose a backup of the same engine (list_backups), or another"
        " --database"
    )
    assert shop.databases() == before


def test_two_restores_into_one_name_do_not_meet(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    engine = get_engine(ALIAS)
    with (
        engine.lock(engine.new_target(shop.new_name()), "restore 7@host"),
        pytest.raises(OperationBusyError) as caught,
    ):
        restore(shop)
    assert caught.value.why.startswith("restore 7@host holds it since")
    restore(shop)


def test_a_backup_can_run_during_a_restore(shop: Shop) -> None:
    engine = get_engine(ALIAS)
    with leased(engine, "restore", target=engine.new_target(shop.new_name())):
        create_backup(alias=ALIAS, verify="none")


def test_no_backup_is_no_restore(shop: Shop) -> None:
    with pytest.raises(BackupNotFoundError):
        restore(shop)
