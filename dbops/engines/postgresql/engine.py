"""PostgreSQL, through its own client programs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from dbops.engines.base import Contents, Dumped, Engine, Sink, Source
from dbops.engines.options import Options
from dbops.engines.postgresql.activity import PostgresqlActivity
from dbops.engines.postgresql.care import PostgresqlCare
from dbops.engines.postgresql.connect import session
from dbops.engines.postgresql.contents import read_contents
from dbops.engines.postgresql.decode import decode
from dbops.engines.postgresql.directory import dump_directory, room_to_dump
from dbops.engines.postgresql.dump import dump
from dbops.engines.postgresql.foreign import drafted_from_file
from dbops.engines.postgresql.lock import lease_holder, lock
from dbops.engines.postgresql.loose import outside_tables
from dbops.engines.postgresql.proof import PostgresqlProof
from dbops.engines.postgresql.restore import drafted, name_restored, new_target
from dbops.engines.postgresql.scrub import scrub
from dbops.engines.postgresql.space import PostgresqlSpace
from dbops.engines.postgresql.surroundings import surroundings
from dbops.engines.postgresql.swap import PostgresqlSwap


class PostgresqlEngine(
    PostgresqlActivity,
    PostgresqlCare,
    PostgresqlProof,
    PostgresqlSpace,
    PostgresqlSwap,
    Engine,
):
    """A database on a server; the role's own rights are enough for everything."""

    vendor = "postgresql"
    takes_jobs = True

    @property
    def dump_suffix(self) -> str:
        return ".dir.tar" if self.options.backup_jobs > 1 else ".dump"

    @property
    def short_name(self) -> str:
        return self.database_name

    @property
    def database_name(self) -> str:
        settings = self.connection.settings_dict
        return str(settings["NAME"] or settings["OPTIONS"].get("service", ""))

    def require_database(self) -> None:
        with session(self.connection):
            pass

    def lock(self, target: str, holder: str) -> AbstractContextManager[None]:
        return lock(self.connection, target, holder)

    def lease_holder(self, target: str) -> str | None:
        return lease_holder(self.connection, target)

    def dump(self, sink: Sink) -> Dumped:
        by = dump_directory if self.options.backup_jobs > 1 else dump
        return by(self.connection, self.options, sink)

    def room_to_dump(self) -> int:
        if self.options.backup_jobs == 1:
            return 0
        return room_to_dump(self.connection, self.options)

    def surroundings(self) -> str | None:
        return surroundings(self.connection, self.options)

    @staticmethod
    def decode(options: Options, source: Source, expected: Contents) -> None:
        decode(options, source, expected)

    def new_target(self, into: str) -> str:
        return new_target(self.connection, into)

    def contents(self) -> Contents:
        with session(self.connection) as own:
            return read_contents(own)

    def drafted(
        self,
        source: Source,
        target: str,
        *,
        like: Contents,
        check: Callable[[Contents], None],
        is_closed: bool = False,
    ) -> AbstractContextManager[str]:
        return drafted(
            self.connection,
            self.options,
            source,
            target,
            like=like,
            check=check,
            is_closed=is_closed,
        )

    def drafted_from_file(
        self, file: Path, target: str, *, check: Callable[[Contents], None]
    ) -> AbstractContextManager[str]:
        return drafted_from_file(
            self.connection, self.options, file, target, check=check
        )

    def outside_tables(self, draft: str) -> list[str]:
        return outside_tables(self.connection, draft)

    def scrub(self, draft: str) -> None:
        scrub(self.connection, draft)

    def name_draft(self, draft: str, into: str) -> None:
        name_restored(self.connection, draft, into)
