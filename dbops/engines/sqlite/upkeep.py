"""What is known of the file: SQLite keeps no statistics of its tables' dead rows."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.verbs.care import Upkeep

# With less free space a rewritten file would soon be as large again.
WORTH_FREEING = 0.2
STATISTICS = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"


def read_upkeep(connection: BaseDatabaseWrapper) -> list[Upkeep]:
    """Return one entry, that of the file."""
    path = database_file(connection)
    with opened(path) as database:
        pages, free, statistics = (
            single(database, question)
            for question in (
                "PRAGMA page_count",
                "PRAGMA freelist_count",
                STATISTICS,
            )
        )
    reasons = (
        (f"{free} of {pages} pages are free", free > WORTH_FREEING * pages),
        ("no statistics", not statistics),
    )
    why = ", ".join(reason for reason, holds in reasons if holds)
    return [Upkeep(path.name, size_of(path), why)]


def size_of(path: Path) -> int:
    """Return what the database takes, its write-ahead log included."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def single(database: sqlite3.Connection, question: str) -> int:
    """Return the one number that a statement answers with."""
    return int(database.execute(question).fetchone()[0])
