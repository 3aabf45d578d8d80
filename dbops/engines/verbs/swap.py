"""Put a restored database in the place of the live one."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from dbops.engines.verbs.base import Verbs


@dataclass(frozen=True)
class KeptCopy:
    """What was live until a restore took its place; ``stamp`` says when, in UTC."""

    name: str
    stamp: str
    size_bytes: int
    removal: str


@dataclass(frozen=True)
class LiveState:
    """What is known of the live database without reading its rows.

    ``sessions`` says in words who is connected and what becomes of them;
    ``free_bytes`` is None where the engine cannot tell; ``stays_behind`` is what a
    swap leaves with the old one.
    """

    is_there: bool
    sessions: str = ""
    free_bytes: int | None = None
    stays_behind: tuple[str, ...] = ()


class SwapVerbs(Verbs):
    """The verbs of putting a restored database in the place of the live one."""

    @abstractmethod
    def look(self) -> LiveState:
        """Return what is known of the live database, also when it is broken.

        Raises DatabaseUnavailableError when its server does not answer.
        """

    @abstractmethod
    def room_for(self, size_bytes: int) -> int:
        """Return how many bytes a swap with a database of this size takes beside it."""

    @abstractmethod
    def spool_for(self, dump_bytes: int) -> int:
        """Return how many bytes in TMPDIR a dump of this size takes to be loaded."""

    @abstractmethod
    def require_swappable(self, stamp: str) -> None:
        """Raise RestoreRefusedError where this role or name does not allow a swap."""

    @abstractmethod
    def settings_of(self, name: str) -> dict[str, Any]:
        """Return the ``DATABASES`` entry of a database beside the live one."""

    @abstractmethod
    def mend(self) -> None:
        """Undo what a killed swap left; nothing happens where none was killed."""

    @abstractmethod
    def swap(self, draft: str, stamp: str, *, is_readable: bool = True) -> list[str]:
        """Give ``draft`` the live name, and what was live the name of a kept copy.

        Everything or nothing: whatever raises or kills it, the live name stands for
        one complete database. No other session of this process may be open. Returns
        what of the database's own settings could not be carried over.
        """

    @abstractmethod
    def is_swapped(self, stamp: str, *, had_live: bool) -> bool:
        """Tell whether a swap at ``stamp`` was made, by what it has left behind.

        ``had_live`` says whether there was a database to be kept.
        """

    @abstractmethod
    def leftovers(self, stamp: str) -> list[str]:
        """Return in words what one that was killed before its swap has left."""

    @abstractmethod
    def take_back(self, stamp: str) -> None:
        """Remove what such a one has left, and put back what it moved away.

        The lease says that none is running.
        """

    @abstractmethod
    def kept_name(self, stamp: str) -> str:
        """Return the name that a swap at ``stamp`` keeps the old database under."""

    @abstractmethod
    def kept_copies(self) -> list[KeptCopy]:
        """Return what earlier swaps have kept, newest first."""

    @abstractmethod
    def reopened(self, kept: str) -> AbstractContextManager[str]:
        """Give the name of a draft that is as the kept copy is.

        The kept copy is gone when the block ends well. Otherwise it is there as before,
        only that what the block did to the draft may have been done to itself.
        """

    @abstractmethod
    def advance_identities(self, draft: str, live: str | None) -> int:
        """Move what numbers rows past everything that ``live`` has issued.

        Where ``live`` cannot be read (None), past it by a wide margin. Returns how
        many sequences were moved.
        """
