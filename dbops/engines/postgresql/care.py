"""Upkeep: vacuum and analyze, changes of the schema, starting anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from dbops.engines.postgresql.rebuild import rebuild
from dbops.engines.postgresql.upkeep import read_upkeep
from dbops.engines.postgresql.vacuum import vacuum, vacuum_full
from dbops.engines.postgresql.waiting import is_lock_timeout, waiting_briefly
from dbops.engines.verbs.care import CareVerbs, Upkeep, Vacuumed


class PostgresqlCare(CareVerbs):
    """The verbs of upkeep."""

    @property
    def vacuums_tables(self) -> bool:
        return True

    def upkeep(self) -> list[Upkeep]:
        return read_upkeep(self.connection)

    def vacuum(self, tables: Sequence[str]) -> Iterator[Vacuumed]:
        return vacuum(self.connection, tables)

    def vacuum_full(self, table: str) -> None:
        vacuum_full(self.connection, table)

    def waiting_briefly(self) -> AbstractContextManager[None]:
        return waiting_briefly(self.connection)

    def is_lock_timeout(self, error: BaseException) -> bool:
        return is_lock_timeout(error)

    def rebuild(self, build: Callable[[], Any]) -> None:
        rebuild(self.connection, build)
