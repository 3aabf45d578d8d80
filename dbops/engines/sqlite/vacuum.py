"""Statistics and the write-ahead log; a rewritten file only where it is asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.disk import require_space
from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.sqlite.upkeep import single, size_of
from dbops.engines.sqlite.waiting import is_lock_timeout, wait_briefly
from dbops.engines.verbs import care
from dbops.engines.verbs.care import Vacuumed
from dbops.errors import DatabaseInUseError

INCREMENTAL = 2
# Rows looked at per index: writers wait for ANALYZE, so it must not take long.
SAMPLE = "PRAGMA analysis_limit = 1000"
EMPTY_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"


def vacuum(connection: BaseDatabaseWrapper) -> Iterator[Vacuumed]:
    """Gather statistics, give back free pages where the file does so, empty the log."""
    path = database_file(connection)
    begun = perf_counter()
    skipped = ""
    with opened(path, mode="rw") as database:
        try:
            _tend(database)
        except sqlite3.OperationalError as error:
            if not is_lock_timeout(error):
                raise
            skipped = "it is locked"
    yield Vacuumed(path.name, round(perf_counter() - begun, 3), skipped)


def vacuum_full(connection: BaseDatabaseWrapper) -> None:
    """Write the file anew; there must be room for two more of it."""
    path = database_file(connection)
    what = f"{path.name} was not vacuumed."
    require_space(path.parent, 2 * size_of(path), what)
    with opened(path, mode="rw") as database:
        try:
            database.execute(wait_briefly())
            database.execute("VACUUM")
            _tend(database)
        except sqlite3.OperationalError as error:
            if not is_lock_timeout(error):
                raise
            raise in_use(path, what) from error


def in_use(path: Path, what: str) -> DatabaseInUseError:
    """Return what to raise when others do not let go of the file."""
    return DatabaseInUseError(
        what,
        why=f"others kept {path} locked for {care.LOCK_WAIT_SECONDS:g} seconds",
        fix="stop the web server and the workers, then try again",
    )


def _tend(database: sqlite3.Connection) -> None:
    for statement in (wait_briefly(), SAMPLE, "ANALYZE"):
        database.execute(statement).fetchall()
    if single(database, "PRAGMA auto_vacuum") == INCREMENTAL:
        # Each row that is read gives back one page.
        database.execute("PRAGMA incremental_vacuum").fetchall()
    database.execute(EMPTY_LOG).fetchall()
