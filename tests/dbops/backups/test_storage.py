from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from dbops.backups.storage import FolderStorage, StoredObject, backup_storage
from dbops.errors import StorageError
from tests.dbops.backups.storage_contract import require_names_given_once
from tests.dbops.folders import names
from tests.dbops.limits import files_no_larger_than

STEM = "stateset_20261123_020000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "backups"


@pytest.fixture
def storage(folder: Path) -> FolderStorage:
    return FolderStorage(folder)


def test_the_project_keeps_backups_in_its_folder(backup_folder: Path) -> None:
    assert backup_storage().location == str(backup_folder)


def test_a_place_that_is_no_folder_is_refused(settings: Settings) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "backups": memory}
    with pytest.raises(StorageError) as caught:
        backup_storage()
    assert str(caught.value) == (
        "The backups have no place to lie in.\n"
        "  why: STORAGES['backups'] is InMemoryStorage; backups go to a folder or to"
        " S3\n"
        "  fix: set BACKUP_DIR to a folder, or AWS_S3_BUCKET to a bucket"
    )
    assert type(storages["backups"]).__name__ == "InMemoryStorage"


def test_an_absent_folder_holds_nothing(storage: FolderStorage, folder: Path) -> None:
    assert storage.objects() == []
    assert not folder.exists()


def test_an_object_appears_whole_and_private(
    storage: FolderStorage, folder: Path
) -> None:
    before = os.umask(0)
    try:
        with storage.create(STEM, ".db") as target:
            target.write(b"all ")
            assert storage.objects() == []
            target.write(memoryview(b"rows"))
        storage.put(f"{STEM}.manifest.json", b"{}")
    finally:
        os.umask(before)
    assert storage.objects() == [
        StoredObject(f"{STEM}.db", 8),
        StoredObject(f"{STEM}.manifest.json", 2),
    ]
    with storage.open(f"{STEM}.db") as file:
        assert file.read() == b"all rows"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {(folder / name).stat().st_mode & 0o777 for name in names(folder)} == {0o600}


def interrupt_after(_done: object) -> None:
    raise KeyboardInterrupt


def test_a_write_that_fails_leaves_nothing(
    storage: FolderStorage, folder: Path
) -> None:
    with pytest.raises(KeyboardInterrupt), storage.create(STEM, ".db") as target:
        interrupt_after(target.write(b"half"))
    assert names(folder) == []


def test_a_full_disk_leaves_nothing(storage: FolderStorage, folder: Path) -> None:
    with (
        pytest.raises(StorageError) as caught,
        files_no_larger_than(4096),
        storage.create(STEM, ".db") as target,
    ):
        target.write(bytes(8192))
    assert str(caught.value) == (
        f"{STEM}.db was not written.\n"
        f"  why: {folder}: File too large\n"
        f"  fix: make room in {folder}, or choose another folder"
    )
    assert names(folder) == []


def test_a_file_in_place_of_the_folder_is_told(
    storage: FolderStorage, folder: Path
) -> None:
    folder.parent.mkdir()
    folder.touch()
    with (
        pytest.raises(StorageError) as caught,
        storage.create(STEM, ".db"),
    ):
        pytest.fail("there is nothing to write into")
    assert str(caught.value) == (
        "The folder for backups was not made.\n"
        f"  why: {folder}: File exists\n"
        f"  fix: make {folder} a folder that this user can write, or choose another"
    )


def test_a_name_is_given_once_whatever_the_suffix(storage: FolderStorage) -> None:
    require_names_given_once(storage, STEM)
    assert storage.objects() == [StoredObject(f"{STEM}.db", 0)]


def test_a_name_that_only_begins_alike_is_free(storage: FolderStorage) -> None:
    with storage.create(f"{STEM}_02", ".db"):
        pass
    with storage.create(STEM, ".db"):
        pass
    assert len(storage.objects()) == 2


def test_a_small_object_is_replaced(storage: FolderStorage, folder: Path) -> None:
    storage.put("note.json", b"old")
    storage.put("note.json", b"new")
    with storage.open("note.json") as file:
        assert file.read() == b"new"
    assert names(folder) == ["note.json"]


def test_deleting_what_is_not_there_is_no_error(storage: FolderStorage) -> None:
    storage.put("note.json", b"old")
    storage.delete("note.json")
    storage.delete("note.json")
    assert storage.objects() == []


def test_an_object_that_is_not_there_is_told(
    storage: FolderStorage, folder: Path
) -> None:
    folder.mkdir(parents=True)
    with pytest.raises(StorageError) as caught, storage.open(f"{STEM}.db"):
        pytest.fail("there is nothing to read")
    assert caught.value.what == f"{STEM}.db was not read."
    assert caught.value.why == f"{folder}: No such file or directory"


def test_what_a_killed_run_left_is_cleared_away_by_the_next(
    storage: FolderStorage, folder: Path
) -> None:
    script = (
        "import os, signal\nfrom pathlib import Path\n"
        "from dbops.backups.storage import FolderStorage\n"
        f"storage = FolderStorage(Path({str(folder)!r}))\n"
        f"with storage.create({STEM!r}, '.db') as target:\n"
        "    target.write(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    (folder / ".of-somebody-else.part").touch()
    assert names(folder) == [".of-somebody-else.part", f".{STEM}.part"]
    assert storage.objects() == []
    with storage.create(f"{STEM}_02", ".db"):
        assert names(folder) == [".of-somebody-else.part", f".{STEM}_02.part"]


def test_what_another_run_is_writing_stays(
    storage: FolderStorage, folder: Path
) -> None:
    with storage.create(STEM, ".db") as target:
        target.write(b"all ")
        storage.put("note.json", b"{}")
        target.write(b"rows")
    assert (folder / f"{STEM}.db").read_bytes() == b"all rows"
