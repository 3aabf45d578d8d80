"""Indexes and references by SQLite's pragmas; it does not count their use."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.sqlite.contents import TABLES
from dbops.engines.sqlite.space.pages import quoted, shown, table_name, trees
from dbops.engines.verbs.space.indexes import (
    Constraint,
    ForeignKey,
    Index,
    IndexFacts,
    Remedies,
)

PREDICATE = re.compile(r"\)\s*WHERE\s+(?P<predicate>.+)\Z", re.DOTALL | re.IGNORECASE)
DEFINITION = "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?"
ORIGINS: dict[str, Constraint] = {"c": "", "u": "unique", "pk": "primary key"}
ROWID = "rowid"
REMEDIES = Remedies(
    create="CREATE INDEX NAME ON {table} ({columns})",
    drop="DROP INDEX {index}",
    drop_constraint="make {table} anew without {constraint}",
    rebuild="REINDEX {index}",
)


def index_facts(connection: BaseDatabaseWrapper) -> IndexFacts:
    """Return what the schema says; cost: reading the file once, for the sizes."""
    indexes: list[Index] = []
    foreign_keys: list[ForeignKey] = []
    with opened(database_file(connection)) as database:
        sizes = {tree.name: tree.size for tree in trees(database) if tree.is_index}
        for (name,) in database.execute(TABLES).fetchall():
            indexes += _indexes(database, name, sizes)
            foreign_keys += _foreign_keys(database, name)
    return IndexFacts(tuple(indexes), tuple(foreign_keys), REMEDIES, None)


def _indexes(
    database: sqlite3.Connection, table: str, sizes: dict[str, int | None]
) -> Iterator[Index]:
    found = database.execute(f"PRAGMA index_list({quoted(table)})").fetchall()
    for _, name, is_unique, origin, is_partial in found:
        keys = database.execute(f"PRAGMA index_xinfo({quoted(name)})").fetchall()
        own = [key for key in keys if key[5]]
        yield Index(
            table=table_name(table),
            name=name,
            shown=shown(name),
            method="btree",
            columns=tuple(column or "" for _, _, column, *_ in own),
            keys=tuple(_key(name, *key) for key in own),
            predicate=_predicate(database, name) if is_partial else "",
            constraint=ORIGINS[origin],
            is_unique=bool(is_unique),
            size=sizes.get(name),
        )
    if not any(origin == "pk" for _, _, _, origin, _ in found):
        yield from _rowid(database, table)


def _rowid(database: sqlite3.Connection, table: str) -> Iterator[Index]:
    """Yield the table itself, which an INTEGER PRIMARY KEY is looked up in."""
    columns = database.execute(f"PRAGMA table_info({quoted(table)})")
    keys = tuple(name for _, name, _, _, _, place in columns if place)
    if keys:
        yield Index(
            table=table_name(table),
            name=ROWID,
            shown=ROWID,
            method=ROWID,
            columns=keys,
            keys=keys,
            constraint="primary key",
            is_unique=True,
        )


def _key(
    index: str,
    place: int,
    _cid: int,
    column: str | None,
    is_descending: int,
    collation: str,
    _is_key: int,
) -> str:
    # The text of an expression is not told, so that it equals no other one.
    name = f"{index}#{place}" if column is None else column
    return f"{name} {collation} {is_descending}"


def _predicate(database: sqlite3.Connection, index: str) -> str:
    (definition,) = database.execute(DEFINITION, [index]).fetchone()
    found = PREDICATE.search(definition)
    return found["predicate"] if found else definition


def _foreign_keys(database: sqlite3.Connection, table: str) -> Iterator[ForeignKey]:
    columns: dict[int, list[str]] = {}
    parents: dict[int, str] = {}
    found = database.execute(f"PRAGMA foreign_key_list({quoted(table)})").fetchall()
    for number, _, parent, column, *_ in sorted(found):
        columns.setdefault(number, []).append(column)
        parents[number] = shown(parent)
    for number, names in columns.items():
        name = f"on {', '.join(names)}"
        yield ForeignKey(
            table=table_name(table),
            name=name,
            columns=tuple(names),
            shown_columns=", ".join(map(shown, names)),
            parent=parents[number],
        )
