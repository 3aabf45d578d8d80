"""Real file systems that are full or read-only; making them takes root."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dbops.backups.create import create_backup
from dbops.errors import StorageError
from tests.dbops.shop import ALIAS, Shop


@contextmanager
def file_system(folder: Path, options: str) -> Iterator[None]:
    """Have a file system of its own in ``folder``."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def refusal(shop: Shop) -> StorageError:
    with pytest.raises(StorageError) as caught:
        create_backup(alias=ALIAS, packing="none")
    return caught.value


def test_a_full_disk_leaves_nothing_and_takes_the_next_one(shop: Shop) -> None:
    shop.run("UPDATE orders SET note = '" + "long " * 2000 + "'")
    with file_system(shop.backup_folder, "size=1m"):
        error = refusal(shop)
        assert error.why == f"{shop.backup_folder}: No space left on device"
        assert error.fix.startswith(f"make room in {shop.backup_folder}")
        assert shop.files() == []
        create_backup(alias=ALIAS)
        assert len(shop.files()) == 3


def test_a_read_only_disk_is_told(shop: Shop) -> None:
    with file_system(shop.backup_folder, "ro"):
        error = refusal(shop)
        assert error.why == f"{shop.backup_folder}: Read-only file system"
        assert error.fix == (
            f"make {shop.backup_folder} a folder that this user can write, or choose"
            " another"
        )
