"""A copy by SQLite's own online backup, consistent while others write."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.disk import workspace
from dbops.engines.base import Dumped, Sink
from dbops.engines.options import Options
from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.sqlite.contents import quoted, read_contents, table_names
from dbops.process import CHUNK_BYTES

PAGES_PER_STEP = 4096


def dump(connection: BaseDatabaseWrapper, options: Options, sink: Sink) -> Dumped:
    """Write one self-contained database file; cost: its size in TMPDIR."""
    source = database_file(connection)
    with workspace() as folder:
        copy = folder / source.name
        begun = perf_counter()
        copy_database(source, copy)
        copied = perf_counter()
        with opened(copy, mode="rw") as database:
            left_out = _leave_out(database, options.runtime_tables)
            contents = read_contents(database, source.name)
        counted = perf_counter()
        with copy.open("rb", buffering=0) as file:
            while chunk := file.read(CHUNK_BYTES):
                sink.write(chunk)
    warnings = () if contents.tables else ("the database has no tables",)
    return Dumped(
        replace(contents, left_out=left_out),
        warnings,
        seconds={
            "copy": round(copied - begun, 3),
            "count": round(counted - copied, 3),
        },
    )


def copy_database(source: Path, copy: Path) -> None:
    """Copy a database into a new private file, consistent while others write."""
    copy.touch(mode=0o600)
    with opened(source) as live:
        # An open read transaction makes every step see the same state; without
        # it each commit of another process would start the copy again.
        live.execute("BEGIN")
        live.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        with opened(copy, mode="rw") as target:
            # It is thrown away if anything fails: no need to wait for the disk.
            target.execute("PRAGMA synchronous = OFF")
            # In steps, because a signal is only seen between two of them.
            live.backup(target, pages=PAGES_PER_STEP, progress=_between_steps)
            # One file without -wal beside it, whatever the mode of the original.
            target.execute("PRAGMA journal_mode = DELETE")


def _leave_out(database: sqlite3.Connection, tables: Sequence[str]) -> tuple[str, ...]:
    """Empty those of the tables that are there."""
    there = table_names(database)
    left_out = tuple(table for table in tables if table in there)
    for table in left_out:
        database.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608 -- the name is quoted
    return left_out


def _between_steps(_status: int, _remaining: int, _total: int) -> None:
    """Give Python a moment in which it sees signals."""
