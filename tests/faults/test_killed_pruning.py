"""kill -9 between two deletions of a pruning."""

from __future__ import annotations

import os
from pathlib import Path

from dbops.backups.catalogue import COMPLETE, INCOMPLETE
from dbops.backups.prune import explain_backups, prune_backups
from dbops.backups.storage import backup_storage
from tests.dbops.builders import store_aged
from tests.dbops.folders import names
from tests.dbops.shop import Shop
from tests.faults.killing import AFTER, kill_at

DELETE = "dbops.backups.storage.folder:FolderStorage.delete"


def test_what_a_killed_pruning_has_left_is_known_and_goes_with_the_next(
    books: Shop, backup_folder: Path
) -> None:
    ages = (5, 41, 42, 43, 44, 45)
    stored = [store_aged(backup_storage(), age) for age in ages]
    for path in backup_folder.iterdir():
        # Of that age: what is young and has no manifest may be being written.
        os.utime(path, (0, 0))
    kill_at(DELETE, books, "prune_backups", "--apply", when=AFTER)
    kept, half, others = stored[:3], stored[3], stored[4:]
    found = {each.entry.id: each for each in explain_backups()}
    assert found[half.id].entry.state == INCOMPLETE
    assert found[half.id].entry.why == (
        "its deletion was not finished: the next pruning goes on with it"
    )
    assert not found[half.id].is_kept
    assert {each.id for each in kept} == {key for key in found if found[key].is_kept}
    assert all(found[each.id].entry.state == COMPLETE for each in (*kept, *others))
    deleted = {each.entry.id for each in prune_backups().deleted}
    assert deleted == {half.id, *(each.id for each in others)}
    assert names(backup_folder) == sorted(
        name for each in kept for name in (each.name, each.file_name)
    )
    assert prune_backups().deleted == []
