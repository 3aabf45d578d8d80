from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from dbops.backups.create import create_backup
from dbops.backups.manifest import Manifest
from dbops.backups.prune import explain_backups, prune_backups
from dbops.backups.storage import FolderStorage, backup_storage
from dbops.engines.registry import get_engine
from dbops.errors import OperationBusyError, StorageError
from stateset.lib import journal
from tests.dbops.builders import store_aged
from tests.dbops.shop import ALIAS, Shop

Backup = Callable[..., Manifest]


def backup(days_ago: float, **options: Any) -> Manifest:
    moment = timezone.now() - timedelta(days=days_ago)
    return create_backup(alias=ALIAS, verify="none", started_at=moment, **options)


@pytest.fixture
def old(shop: Shop) -> list[Manifest]:
    """Make five backups, newest first, of which the last two are too old."""
    return [backup(age) for age in (5, 41, 42, 43, 44)]


def printed(*arguments: str) -> list[str]:
    stdout = io.StringIO()
    call_command("prune_backups", f"--database={ALIAS}", *arguments, stdout=stdout)
    return stdout.getvalue().splitlines()


def ids(shop: Shop) -> set[str]:
    return {name.partition(".")[0] for name in shop.files()}


def test_the_plan_is_shown_and_nothing_is_deleted(
    shop: Shop, old: list[Manifest]
) -> None:
    lines = printed()
    assert lines[0].split() == ["id", "do", "made", "size", "why"]
    patterns = [
        "keep +5d ago +.+ KiB  the newest good one",
        "keep +41d ago +.+ KiB  among the 3 newest good",
        "keep +42d ago +.+ KiB  among the 3 newest good",
        "delete  43d ago +.+ KiB  over 30 days old",
        "delete  44d ago +.+ KiB  over 30 days old",
    ]
    for manifest, pattern, line in zip(old, patterns, lines[1:], strict=False):
        assert re.fullmatch(f"{manifest.id}  {pattern}", line)
        assert len(line) <= 80
    assert re.fullmatch(
        r"\S+ 2 of 5 backups would be deleted, \d+\.\d KiB: add --apply to do it",
        lines[6],
    )
    assert ids(shop) == {manifest.id for manifest in old}


def test_what_is_not_needed_is_deleted(
    shop: Shop, old: list[Manifest], entries: list[journal.Entry]
) -> None:
    entries.clear()
    lines = printed("--apply")
    assert re.fullmatch(r"\S+ 2 of 5 backups deleted, \d+\.\d KiB", lines[-1])
    assert ids(shop) == {manifest.id for manifest in old[:3]}
    going = [manifest.id for manifest in old[3:]]
    details = {"alias": ALIAS, "deleted": going, "refused": [], "unfinished": 0}
    assert entries == [journal.Entry("backup.prune", "backup", "", "success", details)]
    assert printed("--apply")[-1].endswith(" 0 of 3 backups deleted, 0 B")


def test_scripts_get_the_same(shop: Shop, old: list[Manifest]) -> None:
    values = json.loads("".join(printed("--json")))
    assert [row["do"] for row in values["rows"]] == [*("keep",) * 3, *("delete",) * 2]


def test_a_deletion_that_is_refused_is_told_and_the_rest_is_done(
    shop: Shop,
    old: list[Manifest],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    delete = FolderStorage.delete

    def refuse(self: FolderStorage, name: str) -> None:
        if name.startswith(old[3].id):
            raise StorageError("It was not deleted.", why="the disk is read-only")
        delete(self, name)

    monkeypatch.setattr(FolderStorage, "delete", refuse)
    with pytest.raises(SystemExit) as caught:
        call_command("prune_backups", f"--database={ALIAS}", "--apply")
    assert caught.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[4].startswith(f"{old[3].id}  refused  43d ago")
    assert lines[5] == "    the disk is read-only"
    assert lines[-1].endswith("; 1 refused")
    assert ids(shop) == {manifest.id for manifest in old[:4]}


@pytest.mark.parametrize("packing", ["none", "gzip", "zstd"])
def test_what_was_half_deleted_is_deleted_by_the_next_run(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, packing: str
) -> None:
    """Without its manifest a plain dump would look like another program's."""
    for age in (5, 41, 42):
        store_aged(backup_storage(), age, ALIAS)
    oldest = backup(43, packing=packing)
    delete = FolderStorage.delete

    def refuse(self: FolderStorage, name: str) -> None:
        if name == oldest.file_name:
            raise StorageError("It was not deleted.", why="the disk is read-only")
        delete(self, name)

    # Of that age: what is young and has no manifest may be being written.
    os.utime(shop.backup_folder / oldest.file_name, (0, 0))
    monkeypatch.setattr(FolderStorage, "delete", refuse)
    for _ in range(2):
        pruned = prune_backups(ALIAS)
        assert pruned.refused == {("local", oldest.id): "the disk is read-only"}
        (left,) = [each for each in explain_backups(ALIAS) if not each.is_kept]
        assert (left.entry.id, left.entry.state) == (oldest.id, "incomplete")
    monkeypatch.setattr(FolderStorage, "delete", delete)
    assert [each.entry.id for each in prune_backups(ALIAS).deleted] == [oldest.id]
    assert oldest.id not in ids(shop)
    assert prune_backups(ALIAS).deleted == []


def test_one_whose_deletion_never_began_is_as_good_as_before(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, oldest = [store_aged(backup_storage(), age, ALIAS) for age in (5, 41, 42, 43)]

    def refuse(_self: FolderStorage, _name: str) -> None:
        raise StorageError("It was not deleted.", why="this key may not delete")

    monkeypatch.setattr(FolderStorage, "delete", refuse)
    assert list(prune_backups(ALIAS).refused) == [("local", oldest.id)]
    *_, left = explain_backups(ALIAS)
    assert (left.entry.id, left.entry.state) == (oldest.id, "complete")


def test_the_manifest_goes_first(
    shop: Shop, old: list[Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[str] = []
    monkeypatch.setattr(FolderStorage, "delete", lambda _self, name: gone.append(name))
    prune_backups(ALIAS)
    assert gone == [name for each in old[3:] for name in (each.name, each.file_name)]


def test_counts_keep_beside_the_days(shop: Shop, settings: Settings) -> None:
    settings.BACKUP_KEEP = {"last": 4, "daily": 0, "weekly": 0, "monthly": 0} | {
        "yearly": 3
    }
    now = timezone.now()
    long_ago = (now - now.replace(year=now.year - 2, month=6, day=15)).days
    ages = (5, 41, 42, 43, 44, 45, long_ago, long_ago + 1)
    made = {age: store_aged(backup_storage(), age, ALIAS).id for age in ages}
    assert printed("--apply")[-1].split(maxsplit=1)[1].startswith("3 of 8 backups")
    found = {each.entry.id: (each.short, each.why) for each in explain_backups(ALIAS)}
    assert found == {
        made[5]: ("newest", "the newest good one"),
        **{made[age]: ("one of 4", "among the 4 newest good") for age in (41, 42, 43)},
        made[long_ago]: ("yearly", f"newest good of {now.year - 2}"),
    }


def test_another_operation_is_waited_for(shop: Shop, old: list[Manifest]) -> None:
    engine = get_engine(ALIAS)
    with (
        engine.lock(engine.database_name, "backup 7@host"),
        pytest.raises(OperationBusyError),
    ):
        prune_backups(ALIAS)
    assert len(ids(shop)) == 5


def test_what_killed_runs_have_left_goes_too(shop: Shop, old: list[Manifest]) -> None:
    part = shop.backup_folder / ".stateset_20260101_020000.part"
    part.touch()
    assert prune_backups(ALIAS).unfinished == 1
    assert not part.exists()


@pytest.mark.parametrize(
    ("suffix", "is_kept"),
    [(".dump.gz", True), (".db.gz", True), (".sql", True), (".dump.zst", False)],
)
def test_files_of_the_guides_script_in_the_same_folder_stay(
    shop: Shop, old: list[Manifest], suffix: str, *, is_kept: bool
) -> None:
    path = shop.backup_folder / f"stateset_20241103_020000{suffix}"
    path.write_bytes(b"rows")
    os.utime(path, (0, 0))
    prune_backups(ALIAS)
    assert path.exists() == is_kept


def test_a_folder_that_is_not_there_needs_no_pruning(
    shop: Shop, backup_folder: Path
) -> None:
    assert printed("--apply")[-1].endswith(" 0 of 0 backups deleted, 0 B")
    assert not backup_folder.exists()


def test_backups_are_listed_also_when_the_clock_is_wrong(shop: Shop) -> None:
    backup(-2)
    (kept,) = explain_backups(ALIAS)
    assert (kept.short, kept.is_kept) == ("unknown", True)


def test_the_list_fits_on_a_terminal(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    backup(50, kind="pre-migrate")
    left = backup(55)
    (shop.backup_folder / left.name).unlink()
    call_command("list_backups", f"--database={ALIAS}")
    lines = capsys.readouterr().out.splitlines()
    assert "pre-migrate" in lines[1]
    assert "incomplete" in lines[2]
    assert max(len(line) for line in lines[:-1]) <= 80
