"""Backups in a folder: private files that take their names when they are whole."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from dbops.backups.measuring import Writable
from dbops.backups.storage.base import BackupStorage, StoredObject
from dbops.disk import disk_errors, fsync_path, write_all
from dbops.errors import NameTakenError, StorageError

PART_SUFFIX = ".part"
PART = re.compile(r"\.stateset_[\w.]+\.part")


class FolderStorage(BackupStorage):
    """A folder on a local or shared disk, readable by its owner only."""

    def __init__(self, folder: Path, *, name: str = "local") -> None:
        self.name = name
        self._folder = folder

    @property
    def location(self) -> str:
        return str(self._folder)

    def objects(self, begins: str = "") -> list[StoredObject]:
        with self._errors("The backups were not listed."):
            if not self._folder.exists():
                return []
            with os.scandir(self._folder) as entries:
                found = [
                    _stored(entry)
                    for entry in entries
                    if entry.name.startswith(begins)
                    and not entry.name.startswith(".")
                    and entry.is_file()
                ]
        return sorted(found, key=lambda each: each.name)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        with self._errors(f"{name} was not read."):
            file = (self._folder / name).open("rb")
        with file:
            yield file

    @contextmanager
    def create(self, stem: str, suffix: str) -> Iterator[Writable]:
        self._prepare()
        with self._draft(f".{stem}{PART_SUFFIX}", stem + suffix) as draft:
            if self.objects(f"{stem}."):
                raise NameTakenError(
                    f"{stem}{suffix} was not written.",
                    why="a backup of this name is there already",
                    fix="try again in a second",
                )
            yield draft

    def put(self, name: str, content: bytes) -> None:
        self._prepare()
        # Unlike a backup's name, this one may be written by two runs at once.
        draft_name = f".{name}.{secrets.token_hex(4)}{PART_SUFFIX}"
        with self._draft(draft_name, name) as draft:
            draft.write(content)

    def delete(self, name: str) -> None:
        with self._errors(f"{name} was not deleted."):
            (self._folder / name).unlink(missing_ok=True)
            fsync_path(self._folder)

    def free_bytes(self) -> int | None:
        with self._errors("The free space was not read."):
            return shutil.disk_usage(self._folder).free

    def clear_unfinished(self, before: datetime, stem: str = "") -> int:
        """Go by locks, which are better than any moment.

        Whoever writes a draft holds its lock, so a draft without one is abandoned.
        """
        with self._errors("The folder for backups was not cleared."):
            if not self._folder.exists():
                return 0
            return sum(
                _remove_if_abandoned(path)
                for path in self._folder.iterdir()
                if PART.fullmatch(path.name) and path.name.startswith(f".{stem}")
            )

    def _prepare(self) -> None:
        """Make the folder, and clear away what killed runs have left in it."""
        with self._errors("The folder for backups was not made."):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.clear_unfinished(datetime.now(UTC))

    @contextmanager
    def _draft(self, draft_name: str, name: str) -> Iterator[_Draft]:
        path = self._folder / draft_name
        with self._errors(f"{name} was not written."):
            descriptor = _create_locked(path)
        try:
            yield _Draft(descriptor, path, self._folder / name)
            with self._errors(f"{name} was not written."):
                os.fsync(descriptor)
                path.rename(self._folder / name)
                fsync_path(self._folder)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)

    def _errors(self, what: str) -> AbstractContextManager[None]:
        return disk_errors(what, self._folder, StorageError)


class _Draft:
    """The open, locked file that becomes the object."""

    def __init__(self, descriptor: int, path: Path, target: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self._target = target

    def write(self, chunk: bytes | memoryview) -> int:
        what = f"{self._target.name} was not written."
        with disk_errors(what, self._path.parent, StorageError):
            write_all(self._descriptor, chunk)
        return len(chunk)


def _create_locked(path: Path) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise NameTakenError(
                f"{path.name.removesuffix(PART_SUFFIX).lstrip('.')} was not written.",
                why="another run is writing it",
                fix="try again in a second",
            ) from None
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Another run may have cleared it away before it was locked.
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _remove_if_abandoned(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _stored(entry: os.DirEntry[str]) -> StoredObject:
    found = entry.stat()
    modified_at = datetime.fromtimestamp(found.st_mtime, tz=UTC)
    return StoredObject(entry.name, found.st_size, modified_at)
