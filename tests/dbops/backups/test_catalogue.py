from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dbops.backups.catalogue import (
    LATEST,
    Verdict,
    find_manifest,
    latest_entry,
    latest_id,
    list_entries,
    write_verdict,
)
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.errors import BackupDamagedError, BackupNotFoundError
from tests.dbops.builders import MOMENT, store_backup
from tests.dbops.damage import alter, cut_off

FIRST, SECOND, THIRD = (f"stateset_2026112{day}_020000" for day in (1, 2, 3))
ANOTHER = "use another backup (list_backups), and make a new one"


@pytest.fixture
def storage(backup_folder: Path) -> BackupStorage:
    return backup_storage()


def states(storage: BackupStorage) -> dict[str, tuple[str, str]]:
    return {each.id: (each.state, each.why) for each in list_entries(storage)}


def make_verdict(**overrides: Any) -> Verdict:
    values: dict[str, Any] = {
        "level": "decode",
        "is_good": True,
        "verified_at": MOMENT,
        "stored_sha256": "",
    }
    return Verdict(**values | overrides)


def test_backups_are_listed_newest_first(storage: BackupStorage) -> None:
    for stem in (SECOND, THIRD, FIRST):
        store_backup(storage, stem)
    assert list(states(storage)) == [THIRD, SECOND, FIRST]


def test_a_second_backup_of_one_second_is_the_newer_one(storage: BackupStorage) -> None:
    for stem in (FIRST, f"{FIRST}_02", f"{FIRST}_10"):
        store_backup(storage, stem)
    assert list(states(storage)) == [f"{FIRST}_10", f"{FIRST}_02", FIRST]


def test_a_backup_is_known_by_its_manifest_only(
    storage: BackupStorage, backup_folder: Path
) -> None:
    manifest = store_backup(storage, FIRST)
    (backup_folder / "stateset_notes.txt").write_text("mine")
    (backup_folder / "other_20261121_020000.dump").write_text("mine")
    (entry,) = list_entries(storage)
    assert (entry.manifest, entry.size_bytes, entry.verdict) == (manifest, 12, None)


def test_a_file_without_a_manifest_is_incomplete(
    storage: BackupStorage, backup_folder: Path
) -> None:
    manifest = store_backup(storage, FIRST)
    (backup_folder / f"{FIRST}.manifest.json").unlink()
    file = backup_folder / manifest.file_name
    file.rename(backup_folder / f"{FIRST}.dump.zst")
    assert states(storage) == {
        FIRST: ("incomplete", "it has no manifest: the run that wrote it was killed")
    }
    assert latest_entry(storage, "default") is None


def test_a_file_of_another_size_is_damaged(
    storage: BackupStorage, backup_folder: Path
) -> None:
    store_backup(storage, FIRST)
    cut_off(backup_folder / f"{FIRST}.dump")
    assert states(storage) == {
        FIRST: ("damaged", f"{FIRST}.dump is 7 bytes long, not 12 bytes")
    }


def test_a_missing_file_is_damage(storage: BackupStorage, backup_folder: Path) -> None:
    store_backup(storage, FIRST)
    (backup_folder / f"{FIRST}.dump").unlink()
    assert states(storage) == {
        FIRST: ("damaged", f"{FIRST}.dump is missing, not 12 bytes")
    }


def test_an_altered_manifest_is_damage_and_does_not_hide_the_others(
    storage: BackupStorage, backup_folder: Path
) -> None:
    store_backup(storage, FIRST)
    store_backup(storage, SECOND)
    alter(backup_folder / f"{SECOND}.manifest.json", alias="other")
    assert states(storage) == {
        SECOND: ("damaged", "it was altered after it was written"),
        FIRST: ("complete", ""),
    }


def test_a_verdict_is_kept_beside_the_backup(storage: BackupStorage) -> None:
    manifest = store_backup(storage, FIRST)
    verdict = make_verdict(stored_sha256=manifest.stored.sha256)
    write_verdict(storage, FIRST, verdict)
    (entry,) = list_entries(storage)
    assert entry.verdict == verdict
    assert entry.state == "complete"


def test_a_bad_verdict_makes_a_backup_damaged(storage: BackupStorage) -> None:
    manifest = store_backup(storage, FIRST)
    verdict = make_verdict(
        is_good=False, why="a bit is wrong", stored_sha256=manifest.stored.sha256
    )
    write_verdict(storage, FIRST, verdict)
    assert states(storage) == {FIRST: ("damaged", "a bit is wrong")}


def test_a_verdict_on_other_bytes_proves_nothing(storage: BackupStorage) -> None:
    store_backup(storage, FIRST)
    write_verdict(storage, FIRST, make_verdict(stored_sha256="of before"))
    (entry,) = list_entries(storage)
    assert entry.verdict is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"verified_at": 7}'])
def test_an_unreadable_verdict_proves_nothing(
    storage: BackupStorage, content: bytes
) -> None:
    store_backup(storage, FIRST)
    storage.put(f"{FIRST}.verified.json", content)
    (entry,) = list_entries(storage)
    assert entry.verdict is None


def test_the_latest_is_of_exactly_the_named_database(storage: BackupStorage) -> None:
    store_backup(storage, FIRST, alias="shop")
    store_backup(storage, SECOND, alias="shop_eu")
    assert latest_id(storage, "shop") == FIRST
    assert find_manifest(storage, LATEST, "shop").id == FIRST


def test_the_latest_is_not_passed_over_because_it_is_damaged(
    storage: BackupStorage, backup_folder: Path
) -> None:
    for stem in (FIRST, SECOND, THIRD):
        store_backup(storage, stem)
    cut_off(backup_folder / f"{SECOND}.dump")
    alter(backup_folder / f"{THIRD}.manifest.json", alias="other")
    assert latest_id(storage, "default") == THIRD
    (backup_folder / f"{THIRD}.manifest.json").unlink()
    with pytest.raises(BackupDamagedError, match=f"{SECOND} is damaged"):
        find_manifest(storage, LATEST, "default")


def test_no_backup_at_all_is_told(storage: BackupStorage, backup_folder: Path) -> None:
    with pytest.raises(BackupNotFoundError) as caught:
        latest_id(storage, "default")
    assert str(caught.value) == (
        "There is no backup of the database 'default'.\n"
        f"  why: {backup_folder} holds none\n"
        "  fix: make one with backup, or correct BACKUP_DIR"
    )


@pytest.mark.parametrize("backup_id", ["stateset_20261124_020000", "../../etc/passwd"])
def test_an_unknown_id_is_told(
    storage: BackupStorage, backup_folder: Path, backup_id: str
) -> None:
    store_backup(storage, FIRST)
    with pytest.raises(BackupNotFoundError) as caught:
        find_manifest(storage, backup_id, "default")
    assert str(caught.value) == (
        f"There is no backup {backup_id!r}.\n"
        f"  why: {backup_folder} holds none of this id\n"
        "  fix: see the ids with list_backups"
    )


def test_a_missing_manifest_is_told(
    storage: BackupStorage, backup_folder: Path
) -> None:
    store_backup(storage, FIRST)
    (backup_folder / f"{FIRST}.manifest.json").unlink()
    with pytest.raises(BackupDamagedError) as caught:
        find_manifest(storage, FIRST, "default")
    assert str(caught.value) == (
        f"The backup {FIRST} cannot be used.\n"
        f"  why: its manifest {FIRST}.manifest.json is missing\n"
        f"  fix: {ANOTHER}"
    )
