"""How much of a file is empty: free pages, and free room inside the others."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.sqlite.connect import database_file, opened
from dbops.engines.sqlite.contents import TABLES
from dbops.engines.sqlite.space.pages import (
    NO_DBSTAT,
    Tree,
    shown,
    single,
    table_name,
    trees,
)
from dbops.engines.verbs.space.bloat import Bloat, BloatFacts
from dbops.engines.verbs.space.names import find_table

HINT = "vacuum --full --confirm FILE writes the file anew; it needs twice its room"


def bloat(connection: BaseDatabaseWrapper) -> BloatFacts:
    """Return what is empty; cost: reading the file once."""
    with opened(database_file(connection)) as database:
        return _facts(database)


def exact_bloat(connection: BaseDatabaseWrapper, given: str) -> BloatFacts:
    """Return the same of one table: what dbstat says is measured."""
    with opened(database_file(connection)) as database:
        names = [table_name(name) for (name,) in database.execute(TABLES)]
        table = find_table(names, given)
        facts = _facts(database)
    own = tuple(each for each in facts.relations if each.table == table)
    return replace(facts, relations=own)


def _facts(database: sqlite3.Connection) -> BloatFacts:
    free = single(database, "PRAGMA freelist_count") * single(
        database, "PRAGMA page_size"
    )
    found = [
        tree for tree in trees(database) if not tree.table.name.startswith("sqlite_")
    ]
    return BloatFacts(tuple(map(_bloat, found)), HINT, free)


def _bloat(tree: Tree) -> Bloat:
    index = shown(tree.name) if tree.is_index else ""
    if tree.size is None:
        return Bloat(tree.table, index, None, None, "unknown", NO_DBSTAT)
    return Bloat(tree.table, index, tree.size, tree.unused, "measured")
