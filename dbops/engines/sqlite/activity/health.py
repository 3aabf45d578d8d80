"""How an SQLite file is: whole, consistent, not too much empty."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.verbs.activity.health import Reading

# A check of a large file must not run into the next one.
LIMIT_SECONDS = 30.0
BUSY = "PRAGMA busy_timeout = 3000"
STEPS_BETWEEN_LOOKS = 10_000
NOT_IN_TIME = "it took longer than 30 s; `verify_backup` checks a copy"


def read_health(connection: BaseDatabaseWrapper) -> list[Reading]:
    """Measure the file; cost: it is read once, for half a minute at most."""
    path = database_file(connection)
    began = time.monotonic()
    with opened(path) as database:
        database.execute(BUSY)
        _single(database, "SELECT count(*) FROM sqlite_master")
        answered = time.monotonic() - began
        return [
            Reading("answers", answered * 1000),
            _damage(database),
            _orphans(database),
            _journal(database),
            *_sizes(database, path),
            Reading("busy_timeout", _busy_timeout(connection)),
        ]


def _damage(database: sqlite3.Connection) -> Reading:
    def check() -> Reading:
        lines = [line for (line,) in database.execute("PRAGMA quick_check(20)")]
        found = [line for line in lines if line != "ok"]
        return Reading("quick_check", len(found), {"first": next(iter(found), "")})

    return _in_time("quick_check", database, check)


def _orphans(database: sqlite3.Connection) -> Reading:
    def check() -> Reading:
        rows = database.execute("PRAGMA foreign_key_check").fetchall()
        tables = sorted({str(row[0]) for row in rows})
        return Reading("foreign_keys", len(rows), {"tables": ", ".join(tables)})

    return _in_time("foreign_keys", database, check)


def _in_time(
    name: str, database: sqlite3.Connection, check: Callable[[], Reading]
) -> Reading:
    ends = time.monotonic() + LIMIT_SECONDS
    database.set_progress_handler(
        lambda: int(time.monotonic() > ends), STEPS_BETWEEN_LOOKS
    )
    try:
        return check()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return Reading(name, None, why=NOT_IN_TIME)
    finally:
        database.set_progress_handler(None, 0)


def _journal(database: sqlite3.Connection) -> Reading:
    mode = str(database.execute("PRAGMA journal_mode").fetchone()[0])
    return Reading("journal_mode", int(mode != "wal"), {"mode": mode})


def _sizes(database: sqlite3.Connection, path: Path) -> Iterator[Reading]:
    page = _single(database, "PRAGMA page_size")
    pages = _single(database, "PRAGMA page_count")
    free = _single(database, "PRAGMA freelist_count")
    wal = path.with_name(f"{path.name}-wal")
    disk = shutil.disk_usage(path.parent)
    yield Reading("file_size", page * pages)
    yield Reading("wal_size", wal.stat().st_size if wal.exists() else 0)
    yield Reading("freelist", free / max(pages, 1), {"free_bytes": free * page})
    yield Reading(
        "database_disk",
        disk.free / disk.total,
        {"free_bytes": disk.free, "folder": path.parent},
    )


def _busy_timeout(connection: BaseDatabaseWrapper) -> float:
    return float(connection.settings_dict["OPTIONS"].get("timeout", 5))


def _single(database: sqlite3.Connection, query: str) -> int:
    return int(database.execute(query).fetchone()[0])
