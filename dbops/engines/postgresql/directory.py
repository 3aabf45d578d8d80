"""pg_dump with several connections at once, into a directory that becomes one tar."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.disk import require_space, workspace
from dbops.engines.base import DIRECTORY, Dumped, Sink
from dbops.engines.options import Options
from dbops.engines.postgresql.activity.silence import why_silent
from dbops.engines.postgresql.connect import session
from dbops.engines.postgresql.contents import row_bytes
from dbops.engines.postgresql.dump import dump_by
from dbops.engines.postgresql.limits import LEFT_TO_OTHERS
from dbops.engines.postgresql.snapshot import exported_snapshot
from dbops.errors import ConnectionsShortError
from dbops.process import Program, running
from dbops.tar import tar_chunks
from stateset.lib.connections_left import connections_left

# Keys and times are longer as text than on the server: 1.1 times on the demo company,
# whose rows are half text; more where they are keys alone.
AS_TEXT = 1.5


def dump_directory(
    connection: BaseDatabaseWrapper, options: Options, sink: Sink
) -> Dumped:
    """Dump with ``backup_jobs`` connections, then stream the directory as one tar.

    All of them see the snapshot in which the rows are counted; it is let go before
    the stream begins. Cost: one connection more for pg_dump itself, and the size of
    the rows as text in TMPDIR. Where one of these is not there, DiskError or
    ConnectionsShortError is raised before anything is begun.
    """
    jobs = options.backup_jobs
    with workspace() as folder:
        place = folder / "dump"

        def fill(program: Program) -> tuple[str, ...]:
            words = [*program.args, f"--file={place}"]
            with running(
                replace(program, args=words),
                read=False,
                silence_seconds=options.silence_seconds,
                progress=lambda: _written(place),
                explain=partial(why_silent, connection, "pg_dump"),
            ) as pg_dump:
                pass
            return pg_dump.warnings

        with session(connection, name="backup") as own:

            def require() -> None:
                size = _spool_bytes(own, options)
                require_space(folder.parent, size, "The backup was not begun.")

            _require_connections(own, jobs)
            begun = perf_counter()
            # What is read at once and thrown away need not be on the disk for sure.
            form = ["--format=directory", f"--jobs={jobs}", "--no-sync"]
            dumped = dump_by(fill, own, options, form, require=require)
            spooled = perf_counter()
        for chunk in tar_chunks(place, is_emptied=True):
            sink.write(chunk)
    seconds = {"spool": round(spooled - begun, 3)}
    return replace(dumped, form=DIRECTORY, seconds=seconds)


def room_to_dump(connection: BaseDatabaseWrapper, options: Options) -> int:
    """Return how many bytes in TMPDIR are asked for before such a dump begins.

    Raises DatabaseInUseError where somebody keeps a table locked.
    """
    with (
        session(connection, name="backup") as own,
        exported_snapshot(own, lock_wait_seconds=options.lock_wait_seconds),
    ):
        return _spool_bytes(own, options)


def _spool_bytes(connection: BaseDatabaseWrapper, options: Options) -> int:
    """Return the same. The tables must be locked: a size waits for whoever did."""
    return int(row_bytes(connection, left_out=options.runtime_tables) * AS_TEXT)


def _require_connections(connection: BaseDatabaseWrapper, jobs: int) -> None:
    """Refuse at once what a limit of the role or the database would end half way."""
    for whose, left in connections_left(connection, leave=LEFT_TO_OTHERS):
        if left <= jobs:
            raise ConnectionsShortError(
                "The backup was not begun.",
                why=f"{jobs} jobs need {jobs + 1} connections, and {whose} has {left}"
                " left",
                fix="raise that limit, or take fewer jobs"
                " (APP__BACKUP_JOBS, backup --jobs)",
            )


def _written(place: Path) -> int:
    """Return how many bytes pg_dump has written: all that it tells while it works."""
    with suppress(FileNotFoundError):
        return sum(path.stat().st_size for path in place.iterdir())
    return 0
