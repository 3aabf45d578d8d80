"""pg_dump, on the snapshot in which the rows are counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.base import Dumped, Sink
from dbops.engines.options import Options
from dbops.engines.postgresql.activity.silence import why_silent
from dbops.engines.postgresql.clients import find_pg_dump
from dbops.engines.postgresql.connect import (
    client_program,
    quoted,
    server_version,
    session,
)
from dbops.engines.postgresql.contents import contents_beside
from dbops.engines.postgresql.snapshot import exported_snapshot
from dbops.process import Program, running


def dump(connection: BaseDatabaseWrapper, options: Options, sink: Sink) -> Dumped:
    """Stream the database in PostgreSQL's custom format, uncompressed.

    Exact rows are counted at the same time in the same snapshot.
    """

    def stream(program: Program) -> tuple[str, ...]:
        with running(
            program,
            silence_seconds=options.silence_seconds,
            explain=partial(why_silent, connection, "pg_dump"),
        ) as pg_dump:
            for chunk in pg_dump.chunks():
                sink.write(chunk)
        return pg_dump.warnings

    with session(connection, name="backup") as own:
        return dump_by(stream, own, options, ["--format=custom"])


def dump_by(
    carry_out: Callable[[Program], tuple[str, ...]],
    connection: BaseDatabaseWrapper,
    options: Options,
    form: Sequence[str],
    *,
    require: Callable[[], None] = lambda: None,
) -> Dumped:
    """Have pg_dump carried out on a snapshot, and count its rows at the same time.

    ``carry_out`` returns what pg_dump had to remark, ``form`` are its options for it.
    ``require`` refuses what cannot be; all tables are locked by then.
    """
    client = find_pg_dump(server_version(connection), options.client_folders)
    with exported_snapshot(
        connection, lock_wait_seconds=options.lock_wait_seconds
    ) as snapshot:
        require()
        flags = (*form, *_flags(options))
        words = (*flags, f"--snapshot={snapshot}")
        program = dump_program(connection, client.path, words)
        with contents_beside(connection, left_out=options.runtime_tables) as contents:
            warnings = carry_out(program)
    counted = replace(contents.result(), client_version=client.version)
    return Dumped(counted, warnings, snapshot, flags)


def dump_program(
    connection: BaseDatabaseWrapper, pg_dump: Path, flags: Sequence[str]
) -> Program:
    """Return the command line that dumps the database of an open connection."""
    database = connection.connection.info.dbname
    return client_program(connection, str(pg_dump), flags, database=database)


def _flags(options: Options) -> tuple[str, ...]:
    """Return how to dump; the compression is ours, one layer for everything."""
    return (
        "--compress=0",
        f"--lock-wait-timeout={options.lock_wait_seconds * 1000}",
        *(
            f"--exclude-table-data=public.{quoted(table)}"
            for table in options.runtime_tables
        ),
    )
