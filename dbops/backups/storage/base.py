"""The verbs of a place for backups.

An object appears whole under its name or not at all. Names are flat for callers;
a store may keep them in folders of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO

from dbops.backups.measuring import Writable


@dataclass(frozen=True)
class StoredObject:
    """A name, the size of what lies there, and since when it does."""

    name: str
    size_bytes: int
    modified_at: datetime | None = field(default=None, compare=False)


class BackupStorage(ABC):
    """The verbs of a place for backups; ``name`` is what people call it."""

    name: str

    @property
    @abstractmethod
    def location(self) -> str:
        """Where it is, for people."""

    @abstractmethod
    def objects(self, begins: str = "") -> list[StoredObject]:
        """Return what is there, in order of name; an absent place holds nothing.

        ``begins`` is how the names begin that are wanted: it holds the whole id of a
        backup, or nothing of it.
        """

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

    @abstractmethod
    def free_bytes(self) -> int | None:
        """Return how much more it can take, None where nobody knows."""

    @abstractmethod
    def clear_unfinished(self, before: datetime, stem: str = "") -> int:
        """Remove what killed runs have left half written, and return how many.

        Nothing that is being written is touched: the place knows that, or it goes
        by ``before``, the moment until which such a run must have begun. With a
        ``stem`` only what was to be of that name goes.
        """
