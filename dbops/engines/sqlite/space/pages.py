"""The pages of a file by table and index, where SQLite was built to tell them."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from dbops.engines.verbs.space.names import TableName

PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
NO_DBSTAT = "this SQLite was built without dbstat"
HAS_DBSTAT = "SELECT COUNT(*) FROM pragma_module_list WHERE name = 'dbstat'"
PAGES = "SELECT name, SUM(pgsize), SUM(unused) FROM dbstat GROUP BY name"
# The table that each table or index belongs to; the schema table has itself.
TREES = """
    SELECT name, type, tbl_name FROM sqlite_master
    WHERE type IN ('table', 'index') AND rootpage > 0
    ORDER BY tbl_name, type DESC, name
"""


@dataclass(frozen=True)
class Tree:
    """A table or an index; sizes in bytes, None where SQLite cannot tell."""

    table: TableName
    name: str
    is_index: bool
    size: int | None
    unused: int | None


def trees(database: sqlite3.Connection) -> list[Tree]:
    """Return what has pages, SQLite's own tables too; cost: reading the file once."""
    pages = _pages(database)
    nothing = (None, None) if pages is None else (0, 0)
    return [
        Tree(
            table_name(table), name, kind == "index", *(pages or {}).get(name, nothing)
        )
        for name, kind, table in database.execute(TREES)
    ]


def table_name(name: str) -> TableName:
    """Return the name of a table with its form in SQL."""
    return TableName("", name, shown(name))


def shown(name: str) -> str:
    """Return a name as SQL takes it: in quotes only where it needs them."""
    return name if PLAIN.fullmatch(name) else quoted(name)


def quoted(name: str) -> str:
    """Return a name in quotes."""
    return '"{}"'.format(name.replace('"', '""'))


def single(database: sqlite3.Connection, query: str) -> int:
    """Return the one number a query answers with."""
    return int(database.execute(query).fetchone()[0])


def _pages(database: sqlite3.Connection) -> dict[str, tuple[int, int]] | None:
    if not single(database, HAS_DBSTAT):
        return None
    return {name: (size, unused) for name, size, unused in database.execute(PAGES)}
