from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dbops.engines.sqlite.lock import lease_holder, lock
from dbops.errors import DiskError, OperationBusyError

NOBODY = 65534

pytestmark = pytest.mark.sqlite


@pytest.fixture
def database() -> Iterator[Path]:
    """Name a database in a folder that every user may enter and read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder / "shop.db"


@contextmanager
def as_somebody() -> Iterator[None]:
    """Be held to what files allow, which root is not."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_lease_that_only_another_user_may_open_is_held_by_that_one(
    database: Path,
) -> None:
    lease = database.with_name("shop.db-lease")
    lease.touch(mode=0)
    held = f"a run of the user {lease.owner()} holds it, or was killed"
    with as_somebody():
        assert lease_holder(database) == held
        with pytest.raises(OperationBusyError) as caught, lock(database, "backup"):
            pytest.fail("the lease was given")
    assert caught.value.exit_code == 75
    assert str(caught.value) == (
        "The database 'shop.db' is being worked on.\n"
        f"  why: {held}: {lease} is theirs\n"
        f"  fix: wait until it is done; if none of theirs runs, remove {lease}"
    )


def test_a_folder_that_takes_no_lease_is_no_other_run(database: Path) -> None:
    database.parent.chmod(0o555)
    with as_somebody():
        assert lease_holder(database) is None
        with pytest.raises(DiskError), lock(database, "backup"):
            pytest.fail("the lease was given")
    database.parent.chmod(0o755)
