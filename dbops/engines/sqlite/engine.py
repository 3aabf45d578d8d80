"""SQLite, through Python's own library; no program is needed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from dbops.engines.base import Contents, Dumped, Engine, Sink, Source
from dbops.engines.options import Options
from dbops.engines.sqlite.activity import SqliteActivity
from dbops.engines.sqlite.care import SqliteCare
from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.sqlite.contents import read_contents
from dbops.engines.sqlite.decode import decode
from dbops.engines.sqlite.dump import dump
from dbops.engines.sqlite.foreign import drafted_from_file
from dbops.engines.sqlite.lock import lease_holder, lock
from dbops.engines.sqlite.proof import SqliteProof
from dbops.engines.sqlite.restore import drafted, name_draft, new_target
from dbops.engines.sqlite.scrub import scrub
from dbops.engines.sqlite.space import SqliteSpace
from dbops.engines.sqlite.swap import SqliteSwap


class SqliteEngine(
    SqliteActivity, SqliteCare, SqliteProof, SqliteSpace, SqliteSwap, Engine
):
    """A database in one file."""

    vendor = "sqlite"
    takes_jobs = False
    dump_suffix = ".db"

    @property
    def short_name(self) -> str:
        return Path(self.database_name).name

    @property
    def database_name(self) -> str:
        return str(self.connection.settings_dict["NAME"])

    def require_database(self) -> None:
        database_file(self.connection)

    def lock(self, target: str, holder: str) -> AbstractContextManager[None]:
        return lock(Path(target), holder)

    def lease_holder(self, target: str) -> str | None:
        return lease_holder(Path(target))

    def dump(self, sink: Sink) -> Dumped:
        return dump(self.connection, self.options, sink)

    def room_to_dump(self) -> int:
        return database_file(self.connection).stat().st_size

    def surroundings(self) -> str | None:
        """Return None: a file has no roles and no settings but its own."""
        return None

    @staticmethod
    def decode(options: Options, source: Source, expected: Contents) -> None:
        decode(options, source, expected)

    def new_target(self, into: str) -> str:
        return new_target(self.options, into)

    def contents(self) -> Contents:
        path = database_file(self.connection)
        with opened(path) as database:
            return read_contents(database, path.name)

    def drafted(
        self,
        source: Source,
        target: str,
        *,
        like: Contents,
        check: Callable[[Contents], None],
        is_closed: bool = False,
    ) -> AbstractContextManager[str]:
        # The file of a draft is private in any case.
        return drafted(source, target, like=like, check=check)

    def drafted_from_file(
        self, file: Path, target: str, *, check: Callable[[Contents], None]
    ) -> AbstractContextManager[str]:
        return drafted_from_file(file, target, check=check)

    def outside_tables(self, draft: str) -> list[str]:
        return []

    def scrub(self, draft: str) -> None:
        scrub(Path(draft))

    def name_draft(self, draft: str, into: str) -> None:
        name_draft(draft, into)
