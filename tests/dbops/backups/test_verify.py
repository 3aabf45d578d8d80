from __future__ import annotations

import json
from pathlib import Path

import pytest

from dbops.backups.catalogue import list_entries
from dbops.backups.create import create_backup
from dbops.backups.manifest import Manifest
from dbops.backups.storage import FolderStorage
from dbops.backups.verify import LEVELS, verify_all, verify_backup
from dbops.errors import BackupDamagedError, BackupNotFoundError
from stateset.lib import journal
from tests.dbops.damage import alter, cut_off, flip_bit
from tests.dbops.shop import ALIAS, Shop

FIX = "use another backup (list_backups), and make a new one"


def file_of(shop: Shop, manifest: Manifest) -> Path:
    return shop.backup_folder / manifest.file_name


def refusal(manifest: Manifest, level: str) -> BackupDamagedError:
    with pytest.raises(BackupDamagedError) as caught:
        verify_backup(backup_id=manifest.id, level=level)
    return caught.value


def test_a_whole_backup_is_good_at_every_level(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    for level in ("manifest", "hash", "decode"):
        found, verdict = verify_backup(alias=ALIAS, level=level)
        assert found == manifest
        assert (verdict.level, verdict.is_good) == (level, True)


@pytest.mark.parametrize("packing", ["zstd", "gzip", "none"])
def test_a_flipped_bit_is_found(shop: Shop, packing: str) -> None:
    manifest = create_backup(alias=ALIAS, verify="none", packing=packing)
    flip_bit(file_of(shop, manifest))
    assert refusal(manifest, "hash").why == refusal(manifest, "decode").why
    error = refusal(manifest, "decode")
    assert error.what == f"The backup {manifest.id} is damaged."
    assert error.why.startswith("the stored file has the SHA-256 ")
    assert error.why.endswith(f"…, not {manifest.stored.sha256[:12]}…")
    assert error.fix == FIX


def test_a_truncated_file_is_found_at_every_level(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    cut_off(file_of(shop, manifest))
    found = int(manifest.stored.size_bytes * 0.6)
    whys = {refusal(manifest, level).why for level in LEVELS}
    expected = manifest.stored.size_bytes
    assert whys == {f"{manifest.file_name} is {found} bytes long, not {expected} bytes"}


def test_an_altered_manifest_is_found_at_every_level(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    alter(shop.backup_folder / manifest.name, host="elsewhere")
    whys = {refusal(manifest, level).why for level in LEVELS}
    assert whys == {"it was altered after it was written"}


def test_a_missing_manifest_is_found_at_every_level(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    (shop.backup_folder / manifest.name).unlink()
    whys = {refusal(manifest, level).why for level in LEVELS}
    assert whys == {f"its manifest {manifest.name} is missing"}


def test_the_file_of_another_backup_is_found(shop: Shop) -> None:
    first = create_backup(alias=ALIAS, verify="none", packing="none")
    shop.run("UPDATE customers SET name = 'Eda' WHERE id = 1")
    second = create_backup(alias=ALIAS, verify="none", packing="none")
    assert first.stored.size_bytes == second.stored.size_bytes
    file_of(shop, first).write_bytes(file_of(shop, second).read_bytes())
    assert refusal(first, "hash").why.startswith("the stored file has the SHA-256 ")


def test_the_verdict_on_a_bad_backup_stays(
    shop: Shop, entries: list[journal.Entry]
) -> None:
    manifest = create_backup(alias=ALIAS)
    flip_bit(file_of(shop, manifest))
    entries.clear()
    why = refusal(manifest, "hash").why
    verdict = json.loads(
        (shop.backup_folder / f"{manifest.id}.verified.json").read_text()
    )
    assert (verdict["is_good"], verdict["why"]) == (False, why)
    assert [(each.action, each.outcome) for each in entries] == [
        ("backup.verify", "error")
    ]
    assert entries[0].resource_id == manifest.id


def test_all_backups_of_one_database_are_verified(shop: Shop) -> None:
    ids = [create_backup(alias=ALIAS, verify="none").id for _ in range(3)]
    flip_bit(next(shop.backup_folder.glob(f"{ids[1]}.d*")))
    (shop.backup_folder / f"{ids[2]}.manifest.json").unlink()
    found = verify_all(alias=ALIAS)
    assert list(found) == [ids[1], ids[0]]
    assert found[ids[1]].startswith("the stored file has the SHA-256")
    assert found[ids[0]] == ""
    with pytest.raises(BackupNotFoundError):
        verify_all(alias="default")


def test_what_a_deep_check_found_a_shallow_one_does_not_forget(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="decode")
    verify_backup(backup_id=manifest.id, level="manifest")
    assert state_of(shop, manifest) == ("complete", "decode")

    file = file_of(shop, manifest)
    flip_bit(file)
    why = refusal(manifest, "decode").why
    assert state_of(shop, manifest) == ("damaged", "decode")
    assert refusal(manifest, "manifest").why == f"{why} (found at level decode)"
    assert state_of(shop, manifest) == ("damaged", "decode")

    flip_bit(file)
    verify_backup(backup_id=manifest.id, level="decode")
    assert state_of(shop, manifest) == ("complete", "decode")


def state_of(shop: Shop, manifest: Manifest) -> tuple[str, str]:
    (entry,) = list_entries(FolderStorage(shop.backup_folder))
    assert entry.verdict is not None
    return entry.state, entry.verdict.level
