"""Upkeep: vacuum and analyze, changes of the schema, starting anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from dbops.engines.sqlite.rebuild import rebuild
from dbops.engines.sqlite.upkeep import read_upkeep
from dbops.engines.sqlite.vacuum import vacuum, vacuum_full
from dbops.engines.sqlite.waiting import is_lock_timeout, waiting_briefly
from dbops.engines.verbs.care import CareVerbs, Upkeep, Vacuumed


class SqliteCare(CareVerbs):
    """The verbs of upkeep."""

    @property
    def vacuums_tables(self) -> bool:
        return False

    def upkeep(self) -> list[Upkeep]:
        return read_upkeep(self.connection)

    def vacuum(self, tables: Sequence[str]) -> Iterator[Vacuumed]:
        return vacuum(self.connection)

    def vacuum_full(self, table: str) -> None:
        vacuum_full(self.connection)

    def waiting_briefly(self) -> AbstractContextManager[None]:
        return waiting_briefly(self.connection)

    def is_lock_timeout(self, error: BaseException) -> bool:
        return is_lock_timeout(error)

    def rebuild(self, build: Callable[[], Any]) -> None:
        rebuild(self.connection, build)
