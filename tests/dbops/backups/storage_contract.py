"""What every place for backups must do, whatever it is."""

from __future__ import annotations

import pytest

from dbops.backups.storage import BackupStorage
from dbops.errors import NameTakenError


def require_names_given_once(storage: BackupStorage, stem: str) -> None:
    """Take a name; see it refused while it is written, and afterwards."""
    with (
        storage.create(stem, ".db"),
        pytest.raises(NameTakenError, match="another run is writing it"),
        storage.create(stem, ".dump"),
    ):
        pytest.fail("the name is taken")
    with (
        pytest.raises(NameTakenError, match="a backup of this name is there already"),
        storage.create(stem, ".dump"),
    ):
        pytest.fail("the name is taken")
