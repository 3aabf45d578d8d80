"""What a location missed is copied there from where it is, and only what is good."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from dbops.backups.catalogue import Verdict, write_verdict
from dbops.backups.create import make_backup
from dbops.backups.making_up import copy_backup, find_lacks, make_up
from dbops.backups.manifest import Manifest, write_manifest
from dbops.backups.prune import explain_backups
from dbops.backups.restore import restore_backup
from dbops.backups.storage import FolderStorage, Places, backup_places
from dbops.errors import BackupDamagedError, NameTakenError, StorageError
from stateset.lib import journal
from tests.dbops.builders import make_manifest, store_aged, store_backup
from tests.dbops.damage import flip_bit
from tests.dbops.folders import names
from tests.dbops.shop import ALIAS, Shop

FIRST, SECOND = "stateset_20261121_020000", "stateset_20261122_020000"


def listed(*arguments: str, code: int = 0) -> dict[str, Any]:
    """Return what list_backups tells a script, and see that it ends so."""
    stdout = io.StringIO()
    ended: object = 0
    try:
        call_command(
            "list_backups", f"--database={ALIAS}", "--json", *arguments, stdout=stdout
        )
    except SystemExit as error:
        ended = error.code
    assert ended == code
    values: dict[str, Any] = json.loads(stdout.getvalue())
    return values


def at_one_place(age: float, kind: str) -> Manifest:
    moment = timezone.now() - timedelta(days=age)
    made = make_backup(
        alias=ALIAS, kind=kind, to=["local"], verify="none", started_at=moment
    )
    return made.manifest


def test_a_place_that_was_away_gets_what_it_missed(
    shop: Shop, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = timezone.now()
    for place in backup_places():
        store_aged(place, 3, ALIAS, now=now)
        store_aged(place, 0, ALIAS, now=now)
    missed = [at_one_place(2, "full"), at_one_place(1, "dump")]
    copies = [
        {"location": "vault", "id": each.id, "sources": ["local"]}
        for each in reversed(missed)
    ]
    told = listed()
    assert told["lacking"] == copies
    assert "; 2 (" in told["summary"]
    call_command("list_backups", f"--database={ALIAS}")
    lines = capsys.readouterr().out.splitlines()
    shown = [line.split()[0] for line in lines if line.split()[1:2] == ["missing"]]
    assert shown == [missed[1].id, missed[0].id]
    # All but where the places are, which is as long as it is.
    rows = [line for line in lines if str(vault.parent) not in line]
    assert max(map(len, rows)) <= 80
    told = listed("--copy-missing")
    assert told["copied"] == copies
    assert (told["lacking"], told["not_copied"]) == ([], [])
    for manifest in missed:
        for name in (manifest.name, *(file.name for file in manifest.files)):
            assert (vault / name).read_bytes() == (
                shop.backup_folder / name
            ).read_bytes()
    for path in shop.backup_folder.iterdir():
        path.unlink()
    restore_backup(backup_id=missed[0].id, into=shop.new_name(), alias=ALIAS)
    assert shop.count("orders", shop.new_name()) == 300
    assert not [name for name in names(vault) if name.startswith("reading")]


def test_only_what_is_good_and_would_be_kept_there_is_missing(
    backup_folder: Path, vault: Path, settings: Settings
) -> None:
    local, far = backup_places()
    settings.BACKUP_RETENTION_DAYS = {"vault": 2}
    settings.BACKUP_SIGNING_KEYS = {"ours": "k" * 32}
    now = timezone.now()
    ages = {f"stateset_20261101_0{age}0000": age for age in range(5)}
    for backup_id, age in ages.items():
        store_backup(local, backup_id, started_at=now - timedelta(days=age))
    bad = store_backup(local, SECOND, started_at=now)
    write_verdict(local, SECOND, Verdict("hash", False, now, bad.stored.sha256))  # noqa: FBT003 -- is_good
    settings.BACKUP_SIGNING_KEYS = {}
    store_backup(local, FIRST, started_at=now)
    settings.BACKUP_SIGNING_KEYS = {"ours": "k" * 32}
    with far.create("stateset_20261101_010000", ".dump") as begun:
        begun.write(b"being written")
    lacks = find_lacks(explain_backups(), "default", Places(backup_places()))
    assert [lack.copy for lack in lacks] == [
        ("vault", "stateset_20261101_030000"),
        ("vault", "stateset_20261101_020000"),
        ("vault", "stateset_20261101_000000"),
    ]
    local_alone = Places(backup_places(["local"]))
    assert find_lacks(explain_backups(), "default", local_alone) == []


def test_a_drill_elsewhere_brings_back_nothing_that_was_deleted_here(
    backup_folder: Path, vault: Path, settings: Settings
) -> None:
    local, far = backup_places()
    settings.BACKUP_RETENTION_DAYS = {"vault": 2}
    now = timezone.now()
    old = store_backup(local, FIRST, started_at=now - timedelta(days=9))
    proven = Verdict("restore", True, now, old.stored.sha256)  # noqa: FBT003 -- is_good
    write_verdict(local, FIRST, proven)
    for day in (1, 2, 3):
        backup_id = f"stateset_2026112{day + 2}_020000"
        for place in (local, far):
            store_backup(place, backup_id, started_at=now - timedelta(hours=day))
    assert find_lacks(explain_backups(), "default", Places(backup_places())) == []


@pytest.mark.parametrize("verb", ["put", "objects"])
def test_a_place_that_is_away_is_told(
    backup_folder: Path, vault: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    store_backup(backup_places()[0], FIRST, started_at=timezone.now())
    real = getattr(FolderStorage, verb)

    def refuse(self: FolderStorage, *arguments: Any) -> Any:
        if self.name == "vault":
            raise StorageError("It was not done.", why="the disk is gone")
        return real(self, *arguments)

    monkeypatch.setattr(FolderStorage, verb, refuse)
    made_up = make_up()
    assert made_up.copied == []
    (why,) = made_up.refused.values()
    assert "the disk is gone" in why


def test_a_place_that_is_not_read_is_listed_as_that(
    shop: Shop, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.write_text("no folder")
    for _ in range(2):
        told = listed(code=1)
        assert list(told["missed"]) == ["vault"]
        assert "; vault was not read: " in told["summary"]
        at_one_place(1, "dump")
    assert len(told["rows"]) == 1


def test_a_source_that_cannot_be_read_does_not_stop_the_others(
    backup_folder: Path, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = backup_places()[0]
    for backup_id in (FIRST, SECOND):
        store_backup(local, backup_id, started_at=timezone.now())
    real = FolderStorage.open

    def refuse(self: FolderStorage, name: str) -> Any:
        if self.name == "local" and name.startswith(f"{SECOND}.dump"):
            raise StorageError("It was not read.", why="the disk is worn out")
        return real(self, name)

    monkeypatch.setattr(FolderStorage, "open", refuse)
    made_up = make_up()
    assert [lack.copy for lack in made_up.copied] == [("vault", FIRST)]
    assert list(made_up.refused) == [("vault", SECOND)]


def test_a_copy_that_is_not_good_is_taken_from_elsewhere_or_not_at_all(
    backup_folder: Path, vault: Path, entries: list[journal.Entry]
) -> None:
    local, far = backup_places()
    manifest = store_backup(local, FIRST, started_at=timezone.now())
    flip_bit(backup_folder / manifest.file_name)
    made_up = make_up()
    assert made_up.copied == []
    (why,) = made_up.refused.values()
    assert why.endswith(f"{manifest.file_name} is not what was stored")
    assert names(vault) == []
    assert [(each.action, each.outcome) for each in entries] == [
        ("backup.copy", "error")
    ]
    with pytest.raises(BackupDamagedError):
        copy_backup(local, far, FIRST)
    store_backup(far, FIRST, started_at=manifest.started_at)
    with pytest.raises(NameTakenError):
        copy_backup(far, far, FIRST)
    assert len(names(vault)) == 2


@pytest.mark.parametrize("verb", ["put", "open", "free_bytes"])
def test_a_place_that_fails_keeps_nothing_and_is_not_asked_again(
    backup_folder: Path, vault: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    local = backup_places()[0]
    for backup_id in (FIRST, SECOND):
        store_backup(local, backup_id, started_at=timezone.now())
    asked = []
    real = getattr(FolderStorage, verb)

    def refuse(self: FolderStorage, *arguments: Any) -> Any:
        if self.name == "vault":
            asked.append(arguments)
            raise StorageError("It was not done.", why="the disk is gone")
        return real(self, *arguments)

    monkeypatch.setattr(FolderStorage, verb, refuse)
    made_up = make_up()
    assert list(made_up.refused) == [("vault", SECOND)]
    assert len(asked) == 1
    assert names(vault) == []


def test_a_manifest_that_names_files_of_others_is_not_followed(
    backup_folder: Path, vault: Path
) -> None:
    local, far = backup_places()
    for name in ("pin_stateset_20261121_020000.json", f"{FIRST}./../x", "../x"):
        forged = write_manifest(make_manifest(id=FIRST, file_name=name))
        local.put(f"{FIRST}.manifest.json", forged)
        with pytest.raises(BackupDamagedError, match="files that are not its own"):
            copy_backup(local, far, FIRST)
    assert names(vault) == []
