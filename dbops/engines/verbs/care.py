"""Upkeep: vacuum and analyze, changes of the schema, starting anew."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dbops.engines.verbs.base import Verbs

LOCK_WAIT_SECONDS = 5.0
"""How long upkeep waits for others; whoever comes after it waits as long."""


@dataclass(frozen=True)
class Upkeep:
    """What is known of a table (on SQLite of the whole file), and what it needs.

    None is unknown, or not known to this engine. ``threshold`` is how many dead rows
    autovacuum waits for. An empty ``why`` means that nothing is needed.
    """

    table: str
    size_bytes: int | None
    why: str
    dead_rows: int | None = None
    threshold: int | None = None
    vacuumed_at: datetime | None = None
    analyzed_at: datetime | None = None


@dataclass(frozen=True)
class Vacuumed:
    """What became of one table; ``skipped`` says why it was left out."""

    table: str
    seconds: float
    skipped: str = ""


class CareVerbs(Verbs):
    """The verbs of upkeep."""

    @property
    @abstractmethod
    def vacuums_tables(self) -> bool:
        """Whether a single table can be vacuumed, or only the whole database."""

    @abstractmethod
    def upkeep(self) -> list[Upkeep]:
        """Return what each table needs, those in need first."""

    @abstractmethod
    def vacuum(self, tables: Sequence[str]) -> Iterator[Vacuumed]:
        """Vacuum and analyze tables, named as in ``upkeep``, while others work.

        Yields each when it is done. A table that is locked, or that the role does
        not own, is skipped; nobody waits.
        """

    @abstractmethod
    def vacuum_full(self, table: str) -> None:
        """Write the table, or on SQLite the file, anew without its free space.

        Nobody else can use it meanwhile. Raises DatabaseInUseError when others do
        not let go of it soon, and VacuumRefusedError or DiskError.
        """

    @abstractmethod
    def waiting_briefly(self) -> AbstractContextManager[None]:
        """Have Django's own connection wait for locks only briefly in the block.

        Statements themselves may take as long as they need.
        """

    @abstractmethod
    def is_lock_timeout(self, error: BaseException) -> bool:
        """Tell whether an error means that a lock was not to be had in time."""

    @abstractmethod
    def rebuild(self, build: Callable[[], Any]) -> None:
        """Have ``build`` fill an empty database under the name of this one.

        Raises DatabaseInUseError, with nothing changed, when others use it.
        """
