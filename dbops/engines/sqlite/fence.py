"""Triggers that refuse every write, for programs that have the file open already.

A lock ends with its holder, and whoever waited for it would then write into the
file that was replaced. Triggers are in the file itself: every program, also the
``sqlite3`` shell, stumbles over them and is told why.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from dbops.engines.sqlite.contents import TABLES

PREFIX = "stateset_fence_"
WORDS = (
    "a restore replaces this database: open it again; if the restore was killed,"
    " manage.py restore again"
)


def raise_fence(database: sqlite3.Connection) -> None:
    """Refuse every insert, update and delete from now on."""
    with _transaction(database):
        for (table,) in database.execute(TABLES).fetchall():
            for action in ("insert", "update", "delete"):
                name = f"{PREFIX}{table}_{action}"
                database.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {_quoted(name)}"
                    f" BEFORE {action} ON {_quoted(table)}"
                    f" BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
                )


def lower_fence(database: sqlite3.Connection) -> None:
    """Let everybody write again; nothing happens where there is no fence."""
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    names = [name for (name,) in database.execute(query) if name.startswith(PREFIX)]
    if names:
        with _transaction(database):
            for name in names:
                database.execute(f"DROP TRIGGER IF EXISTS {_quoted(name)}")


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
