"""Where backups lie: a folder now, behind verbs that an object store has too.

An object appears whole under its name or not at all. Names are flat for callers;
a store may keep them in folders of its own.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.core.files.storage import FileSystemStorage, storages

from dbops.backups.measuring import Writable
from dbops.disk import disk_errors, fsync_path, write_all
from dbops.errors import NameTakenError, StorageError

ALIAS = "backups"
PART_SUFFIX = ".part"
PART = re.compile(r"\.stateset_[\w.]+\.part")


@dataclass(frozen=True)
class StoredObject:
    """A name and the size of what lies there."""

    name: str
    size_bytes: int


class BackupStorage(ABC):
    """The verbs of a place for backups."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where it is, for people."""

    @abstractmethod
    def objects(self) -> list[StoredObject]:
        """Return what is there, in order of name; an absent place holds nothing."""

    @abstractmethod
    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open an object for reading; raise StorageError if it is not there."""

    @abstractmethod
    def create(self, stem: str, suffix: str) -> AbstractContextManager[Writable]:
        """Take what is written as the new object ``stem + suffix``.

        It appears when the block ends well. Raises NameTakenError when anything
        of this stem is there already or is being written by another run.
        """

    @abstractmethod
    def put(self, name: str, content: bytes) -> None:
        """Store a small object, in place of one of the same name."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""


class FolderStorage(BackupStorage):
    """A folder on a local or shared disk, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def location(self) -> str:
        return str(self._folder)

    def objects(self) -> list[StoredObject]:
        with self._errors("The backups were not listed."):
            if not self._folder.exists():
                return []
            with os.scandir(self._folder) as entries:
                found = [
                    StoredObject(entry.name, entry.stat().st_size)
                    for entry in entries
                    if entry.is_file() and not entry.name.startswith(".")
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
            if any(each.name.startswith(f"{stem}.") for each in self.objects()):
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

    def _prepare(self) -> None:
        """Make the folder, and clear away what killed runs have left in it.

        Whoever writes a draft holds its lock, so a draft without one is abandoned.
        """
        with self._errors("The folder for backups was not made."):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in self._folder.iterdir():
                if PART.fullmatch(path.name):
                    _remove_if_abandoned(path)

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


def backup_storage() -> BackupStorage:
    """Return the place that ``STORAGES["backups"]`` names."""
    storage = storages[ALIAS]
    if isinstance(storage, FileSystemStorage):
        return FolderStorage(Path(storage.location))
    raise StorageError(
        "The backups have no place to lie in.",
        why=f"STORAGES['{ALIAS}'] is {type(storage).__name__}; backups go to a folder"
        " so far",
        fix="unset AWS_S3_BUCKET and set BACKUP_DIR to a folder",
    )


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


def _remove_if_abandoned(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)
