from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from dbops.backups.create import create_backup
from dbops.backups.holds import (
    being_read,
    clear_holds,
    pin_backup,
    read_holds,
    read_pins,
    unpin_backup,
)
from dbops.backups.prune import explain_backups, prune_backups
from dbops.backups.reading import dump_source
from dbops.backups.restore import restore_backup
from dbops.backups.storage import (
    FolderStorage,
    StoredObject,
    backup_places,
    backup_storage,
)
from dbops.errors import BackupNotFoundError, PinRefusedError, StorageError
from dbops.recovery.drill import recovery_drill
from stateset.lib import journal
from tests.dbops.builders import store_aged, store_backup
from tests.dbops.folders import names
from tests.dbops.shop import ALIAS, Shop

FIRST = "stateset_20261121_020000"


def kept() -> dict[str, str]:
    return {each.entry.id: each.why for each in explain_backups(ALIAS)}


def test_a_pinned_backup_stays_until_it_is_unpinned(
    shop: Shop, entries: list[journal.Entry]
) -> None:
    now = timezone.now()
    ages = [timedelta(days=days) for days in (1, 40, 41, 42)]
    *_, oldest = [
        create_backup(alias=ALIAS, verify="none", started_at=now - age) for age in ages
    ]
    assert kept()[oldest.id] == "over 30 days old"
    with journal.acting(actor_label="ada"):
        pin_backup(backup_id=oldest.id, alias=ALIAS, reason=" the audit of 2026 ")
    assert kept()[oldest.id] == "pinned by ada: the audit of 2026"
    assert prune_backups(ALIAS).deleted == []
    unpin_backup(backup_id=oldest.id, alias=ALIAS, reason="the audit is over")
    assert [each.entry.id for each in prune_backups(ALIAS).deleted] == [oldest.id]
    pins = [each for each in entries if "pin" in each.action]
    assert [(each.action, each.resource_id) for each in pins] == [
        ("backup.pin", oldest.id),
        ("backup.unpin", oldest.id),
    ]


def test_a_pin_needs_a_backup_and_a_reason(backup_folder: Path) -> None:
    with pytest.raises(BackupNotFoundError):
        pin_backup(backup_id=FIRST, alias="default", reason="why not")
    store_backup(backup_storage(), FIRST)
    with pytest.raises(PinRefusedError) as caught:
        pin_backup(backup_id=FIRST, alias="default", reason="  ")
    assert caught.value.what == f"The backup {FIRST} was not pinned."
    assert read_pins(backup_storage()) == {}
    (backup_folder / f"pin_{FIRST}.json").write_text("[]")
    assert read_pins(backup_storage()) == {}
    (kept,) = explain_backups()
    assert (kept.short, kept.why) == ("pinned", "pinned, by a pin that cannot be read")


def test_a_backup_is_held_as_long_as_it_is_restored(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    seen: list[str] = []

    def watched(*arguments: object) -> Iterator[bytes]:
        seen.extend(each.why for each in read_holds(storage, timezone.now()).values())
        return dump_source(*arguments)  # type: ignore[arg-type,return-value]

    storage = backup_storage()
    monkeypatch.setattr("dbops.backups.restore.dump_source", watched)
    restore_backup(backup_id=manifest.id, into=shop.new_name(), alias=ALIAS)
    (why,) = seen
    assert why.startswith("being read: restore ")
    assert read_holds(storage, timezone.now()) == {}
    assert not [name for name in shop.files() if name.startswith("reading")]


@pytest.mark.parametrize("module", ["backups.restore", "backups.proving"])
def test_a_pruning_during_a_restore_or_a_drill_leaves_what_it_reads(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    for age in (1, 40, 41):
        store_aged(backup_storage(), age, ALIAS)
    begun = timezone.now() - timedelta(days=42)
    read = create_backup(alias=ALIAS, verify="none", started_at=begun)
    oldest = store_aged(backup_storage(), 43, ALIAS)
    deleted: list[str] = []

    def watched(*arguments: object) -> Iterator[bytes]:
        pruned = prune_backups(ALIAS)
        deleted.extend(each.entry.id for each in pruned.deleted)
        return dump_source(*arguments)  # type: ignore[arg-type,return-value]

    monkeypatch.setattr(f"dbops.{module}.dump_source", watched)
    if module == "backups.proving":
        # The shop is no site, so its books are not; all of it came back before.
        assert recovery_drill(backup_id=read.id, alias=ALIAS).rows == 304
    else:
        restore_backup(backup_id=read.id, into=shop.new_name(), alias=ALIAS)
        assert shop.count("orders", shop.new_name()) == 300
    assert deleted == [oldest.id]
    is_drilled = module == "backups.proving"
    assert kept()[read.id] == (
        "the newest that a drill restored" if is_drilled else "over 30 days old"
    )


def test_what_a_killed_reader_left_counts_for_a_day(backup_folder: Path) -> None:
    storage = backup_storage()
    now = timezone.now()
    with being_read(storage, FIRST, "verify"):
        (left,) = backup_folder.iterdir()
        content = left.read_text()
    left.write_text(content)
    (backup_folder / f"reading_{FIRST}_00000000.json").write_text("no JSON")
    assert set(read_holds(storage, now + timedelta(hours=23))) == {FIRST}
    clear_holds(storage, now, lambda _: False)
    assert [path.name for path in backup_folder.iterdir()] == [left.name]
    assert read_holds(storage, now + timedelta(hours=25)) == {}
    clear_holds(storage, now + timedelta(hours=25), lambda _: False)
    assert list(backup_folder.iterdir()) == []
    assert json.loads(content)["backup_id"] == FIRST


def test_the_pin_of_a_backup_goes_when_it_is_gone_everywhere(
    shop: Shop, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, ages = backup_storage(), (1, 40, 41, 42)
    *_, oldest = [store_aged(storage, age, ALIAS) for age in ages]
    pin = pin_backup(backup_id=oldest.id, alias=ALIAS, reason="an audit")
    unpin_backup(backup_id=oldest.id, alias=ALIAS, reason="it is over")
    prune_backups(ALIAS, ["local"])
    assert oldest.id not in {each.partition(".")[0] for each in shop.files()}
    # The vault still has the backup.
    assert pin.name in shop.files()
    objects = FolderStorage.objects

    def away(self: FolderStorage, begins: str = "") -> list[StoredObject]:
        if self.name == "vault":
            raise StorageError("It was not listed.", why="it is away")
        return objects(self, begins)

    with monkeypatch.context() as while_away:
        while_away.setattr(FolderStorage, "objects", away)
        prune_backups(ALIAS, ["local"])
    assert pin.name in shop.files()
    pruned = prune_backups(ALIAS)
    assert [each.entry.id for each in pruned.deleted] == [oldest.id]
    assert pin.name not in {*shop.files(), *names(vault)}


def test_nothing_goes_of_which_nobody_knows_whether_it_is_held(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = [store_aged(backup_storage(), age, ALIAS) for age in (1, 40, 41, 42, 43)]
    objects = FolderStorage.objects

    def failing(self: FolderStorage, begins: str = "") -> list[StoredObject]:
        if begins.startswith("pin_"):
            raise StorageError("It was not listed.", why="the disk is gone")
        return objects(self, begins)

    monkeypatch.setattr(FolderStorage, "objects", failing)
    refused = prune_backups(ALIAS).refused
    assert [refused["local", each.id] for each in stored[3:]] == [
        "the disk is gone"
    ] * 2
    assert {each.name for each in stored} <= set(shop.files())


def test_what_is_read_at_a_place_that_failed_once_stays(
    shop: Shop, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ages = (1, 40, 41, 42, 43)
    oldest = [store_aged(backup_storage(), age, ALIAS) for age in ages][-1]
    [at_vault] = backup_places(["vault"])
    objects = FolderStorage.objects
    asked: list[str] = []

    def fails_once(self: FolderStorage, begins: str = "") -> list[StoredObject]:
        if self.name == "vault" and not asked:
            asked.append(begins)
            raise StorageError("It was not listed.", why="it timed out")
        return objects(self, begins)

    with being_read(at_vault, oldest.id, "restore"):
        monkeypatch.setattr(FolderStorage, "objects", fails_once)
        pruned = prune_backups(ALIAS)
    assert oldest.name in names(vault)
    why = pruned.refused["vault", oldest.id]
    assert why == "what holds it is not known: it timed out"


def test_who_may_not_write_there_reads_all_the_same(
    backup_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_arguments: object) -> None:
        raise StorageError("It was not written.", why="this key may not do that")

    monkeypatch.setattr(FolderStorage, "put", refuse)
    done = []
    with being_read(backup_storage(), FIRST, "restore"):
        done.append(True)
    assert done
    assert "is read without saying so. this key may not do that" in caplog.text
