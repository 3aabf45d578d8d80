"""Sizes by the file system, the header and dbstat."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.sqlite.contents import TABLES
from dbops.engines.sqlite.space.pages import (
    NO_DBSTAT,
    Tree,
    quoted,
    single,
    table_name,
    trees,
)
from dbops.engines.verbs.space.sizes import Sizes, TableSize


def sizes(connection: BaseDatabaseWrapper) -> Sizes:
    """Return sizes and counted rows; cost: reading the file twice."""
    path = database_file(connection)
    with opened(path) as database:
        found = trees(database)
        names = [name for (name,) in database.execute(TABLES).fetchall()]
        tables = [_table(database, name, found) for name in names]
        free = single(database, "PRAGMA freelist_count") * single(
            database, "PRAGMA page_size"
        )
    tables.sort(key=lambda each: (-(each.total or 0), each.table))
    wal = _size(path.with_name(f"{path.name}-wal"))
    size = _size(path) + wal
    return Sizes(path.name, size, tuple(tables), {"wal": wal, "freelist": free})


def _table(database: sqlite3.Connection, name: str, found: list[Tree]) -> TableSize:
    table = table_name(name)
    own = [tree for tree in found if tree.table == table]
    rows = single(database, f"SELECT COUNT(*) FROM {quoted(name)}")  # noqa: S608 -- the name is quoted
    heap = _sum(tree for tree in own if not tree.is_index)
    return TableSize(
        table=table,
        rows=rows,
        is_counted=True,
        heap=heap,
        indexes=_sum(tree for tree in own if tree.is_index),
        toast=None,
        note=NO_DBSTAT if heap is None else "",
    )


def _sum(found: Iterable[Tree]) -> int | None:
    total = 0
    for tree in found:
        if tree.size is None:
            return None
        total += tree.size
    return total


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
