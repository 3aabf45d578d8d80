"""What the tasks say of the flows they call."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbops.backups.storage import backup_storage
from dbops.tasks import prune_backups
from tests.dbops.builders import store_backup


@pytest.mark.django_db
def test_what_was_pruned_is_said(backup_folder: Path) -> None:
    store_backup(backup_storage(), "stateset_20261123_020000")
    assert prune_backups.run() == "0 of 1 backups deleted"
