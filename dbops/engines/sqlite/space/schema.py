"""The tables and columns by SQLite's pragmas."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.sqlite.contents import TABLES
from dbops.engines.sqlite.space.pages import quoted, shown, table_name
from dbops.engines.verbs.space.schema import Column, Schema


def schema(connection: BaseDatabaseWrapper) -> Schema:
    """Return every table with its columns."""
    with opened(database_file(connection)) as database:
        names = [name for (name,) in database.execute(TABLES).fetchall()]
        return {table_name(name): tuple(_columns(database, name)) for name in names}


def _columns(database: sqlite3.Connection, table: str) -> Iterator[Column]:
    unique = set(_unique(database, table))
    parents = {
        column: shown(parent)
        for _, _, parent, column, *_ in database.execute(
            f"PRAGMA foreign_key_list({quoted(table)})"
        )
    }
    for _, name, kind, is_required, _, place in database.execute(
        f"PRAGMA table_info({quoted(table)})"
    ).fetchall():
        yield Column(
            name=name,
            type=kind,
            is_nullable=not is_required and not place,
            is_primary=bool(place),
            is_unique=name in unique,
            references=parents.get(name, ""),
        )


def _unique(database: sqlite3.Connection, table: str) -> Iterator[str]:
    """Yield the columns that a whole unique index holds alone."""
    found = database.execute(f"PRAGMA index_list({quoted(table)})").fetchall()
    for _, index, is_unique, _, is_partial in found:
        keys = database.execute(f"PRAGMA index_info({quoted(index)})").fetchall()
        if is_unique and not is_partial and len(keys) == 1 and keys[0][2]:
            yield keys[0][2]
