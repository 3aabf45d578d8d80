"""Several places at once: one dump, a copy at each, read where it is good."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from dbops.backups.create import create_backup, make_backup
from dbops.backups.prune import explain_backups, plan_pruning, prune_backups
from dbops.backups.restore import restore_backup
from dbops.backups.storage import FolderStorage, backup_places, backup_storage
from dbops.backups.verify import verify_all, verify_backup
from dbops.disk import write_all
from dbops.errors import BackupDamagedError, StorageError
from dbops.recovery import full
from dbops.tasks import create_backup as create_task
from stateset.lib.errors import UsageError
from tests.dbops.builders import store_aged
from tests.dbops.damage import flip_bit
from tests.dbops.folders import names
from tests.dbops.shop import ALIAS, TABLES, Shop


def fail_in(folder: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """Have one folder refuse what it is asked."""
    real: Callable[..., Any] = getattr(FolderStorage, verb)

    def refuse(self: FolderStorage, *args: Any) -> Any:
        if self.location == str(folder):
            raise StorageError("It was not done.", why="the disk is gone")
        return real(self, *args)

    monkeypatch.setattr(FolderStorage, verb, refuse)


def test_one_dump_goes_to_every_place(shop: Shop, vault: Path) -> None:
    made = make_backup(alias=ALIAS)
    assert (made.locations, made.missed) == (["local", "vault"], {})
    assert names(vault) == shop.files()
    assert len(shop.files()) == 3
    for name in (made.manifest.file_name, made.manifest.name):
        assert (vault / name).read_bytes() == (shop.backup_folder / name).read_bytes()


def test_it_goes_only_where_it_is_sent(shop: Shop, vault: Path) -> None:
    made = make_backup(alias=ALIAS, to=["vault"], verify="none")
    assert made.locations == ["vault"]
    assert not shop.backup_folder.exists()
    with pytest.raises(UsageError, match="no location 'moon'"):
        make_backup(alias=ALIAS, to=["moon"])


@pytest.mark.parametrize("verb", ["create", "free_bytes", "put"])
def test_a_place_that_fails_leaves_the_other_complete(
    shop: Shop,
    vault: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: str,
) -> None:
    fail_in(shop.backup_folder, monkeypatch, verb)
    with pytest.raises(SystemExit) as caught:
        call_command("backup", f"--database={ALIAS}")
    assert caught.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert "; not at local: It was not done. the disk is gone" in lines[-2]
    assert not shop.backup_folder.exists() or shop.files() == []
    assert len(names(vault)) == 3
    assert verify_backup(alias=ALIAS)[0].id == lines[-1]


def test_a_place_whose_disk_fills_up_in_the_midst_is_left_out(
    shop: Shop, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(descriptor: int, chunk: bytes) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.parent == vault:
            raise OSError(28, "No space left on device")
        write_all(descriptor, chunk)

    monkeypatch.setattr("dbops.backups.storage.folder.write_all", fill_up)
    made = make_backup(alias=ALIAS)
    assert made.locations == ["local"]
    assert "No space left on device" in made.missed["vault"]
    assert names(vault) == []


def test_a_flow_goes_on_with_one_copy_and_the_schedule_tells_it(
    shop: Shop, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_in(vault, monkeypatch, "create")
    assert create_backup(alias=ALIAS, verify="none").contents.tables == TABLES
    monkeypatch.setattr(full, "back_up", partial(full.back_up, alias=ALIAS))
    with pytest.raises(StorageError, match="is not at vault"):
        create_task.run()


def test_when_every_place_fails_nothing_is_left(
    shop: Shop, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (shop.backup_folder, vault):
        fail_in(folder, monkeypatch, "put")
    with pytest.raises(StorageError):
        make_backup(alias=ALIAS)
    assert (shop.files(), names(vault)) == ([], [])


def test_a_good_copy_is_found_wherever_it_is(shop: Shop, vault: Path) -> None:
    manifest = make_backup(alias=ALIAS, verify="none").manifest
    flip_bit(shop.backup_folder / manifest.file_name)
    restore_backup(alias=ALIAS, into=shop.new_name())
    assert shop.count("orders", shop.new_name()) == 300
    flip_bit(vault / manifest.file_name)
    with pytest.raises(BackupDamagedError, match="is damaged"):
        restore_backup(alias=ALIAS, into=f"{shop.new_name()}2", backup_id=manifest.id)


def test_a_backup_that_only_a_far_place_has_is_restored(
    shop: Shop, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(alias=ALIAS, to=["vault"], verify="none")
    fail_in(shop.backup_folder, monkeypatch, "objects")
    restored = restore_backup(alias=ALIAS, into=shop.new_name())
    assert restored.manifest.contents.tables == TABLES


def test_every_copy_is_verified(shop: Shop, vault: Path) -> None:
    manifest = make_backup(alias=ALIAS, verify="none").manifest
    flip_bit(vault / manifest.file_name)
    with pytest.raises(BackupDamagedError) as caught:
        verify_backup(alias=ALIAS)
    assert caught.value.why.startswith("at vault: ")
    assert verify_all(alias=ALIAS)[manifest.id].startswith("at vault: ")
    states = {each.entry.location: each.entry.state for each in explain_backups(ALIAS)}
    assert states == {"local": "complete", "vault": "damaged"}


def test_each_place_is_listed_and_one_alone(shop: Shop, vault: Path) -> None:
    make_backup(alias=ALIAS, verify="none")
    make_backup(alias=ALIAS, to=["vault"], verify="none")
    stdout = io.StringIO()
    call_command("list_backups", f"--database={ALIAS}", stdout=stdout)
    lines = stdout.getvalue().splitlines()
    titles = [line for line in lines if line.startswith(("local: ", "vault: "))]
    assert titles == [f"local: {shop.backup_folder}", f"vault: {vault}"]
    assert f" 2 backups in {shop.backup_folder} and {vault}, " in lines[-1]
    stdout = io.StringIO()
    call_command(
        "list_backups",
        f"--database={ALIAS}",
        "--location=local",
        "--json",
        stdout=stdout,
    )
    rows = json.loads(stdout.getvalue())["rows"]
    assert [row["location"] for row in rows] == ["local"]
    with pytest.raises(CommandError, match="no location 'moon'"):
        call_command("list_backups", f"--database={ALIAS}", "--location=moon")


def test_each_place_is_pruned_by_its_own_policy(
    shop: Shop, vault: Path, settings: Settings
) -> None:
    settings.BACKUP_RETENTION_DAYS = {"vault": 43}
    settings.BACKUP_LOCATION_KEEP = {"vault": {"last": 4}}
    for age in (1, 40, 41, 42, 42.5, 50, 400):
        for place in backup_places():
            store_aged(place, age, ALIAS)
    assert len(prune_backups(ALIAS, ["vault"]).deleted) == 2
    counts = [len(place.objects()) for place in backup_places()]
    assert counts == [14, 10]
    pruned = prune_backups(ALIAS)
    assert [each.entry.location for each in pruned.deleted] == ["local"] * 4
    assert [len(place.objects()) for place in backup_places()] == [6, 10]


def test_a_place_that_cannot_be_read_does_not_stop_the_pruning_of_others(
    shop: Shop,
    vault: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for age in (1, 40, 41, 43):
        moment = timezone.now() - timedelta(days=age)
        make_backup(alias=ALIAS, verify="none", started_at=moment)
    fail_in(shop.backup_folder, monkeypatch, "objects")
    assert {each.entry.location for each in plan_pruning(ALIAS)} == {"vault"}
    with pytest.raises(SystemExit):
        call_command("prune_backups", f"--database={ALIAS}", "--apply")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].endswith("; 1 refused")
    assert len(names(vault)) == 6


def test_what_is_put_for_all_is_read_from_any(shop: Shop, vault: Path) -> None:
    storage = backup_storage()
    storage.put("journal.json", b"{}")
    assert names(vault) == ["journal.json"]
    (shop.backup_folder / "journal.json").unlink()
    assert [each.name for each in storage.objects()] == ["journal.json"]
    with storage.open("journal.json") as file:
        assert file.read() == b"{}"
