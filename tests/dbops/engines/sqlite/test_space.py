from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from dbops.engines.registry import get_engine
from dbops.engines.sqlite.space.bloat import _facts
from dbops.engines.sqlite.space.pages import HAS_DBSTAT, shown, trees
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.sqlite


class BuiltWithoutDbstat(sqlite3.Connection):
    """Answers as a library does that has no table dbstat."""

    def execute(self, statement: str, *parameters: Any) -> Any:
        if statement == HAS_DBSTAT:
            return super().execute("SELECT 0")
        assert "dbstat" not in statement
        return super().execute(statement, *parameters)


@pytest.fixture
def plain(shop: Shop) -> Iterator[sqlite3.Connection]:
    """Open the shop with a library that was built without dbstat."""
    with closing(sqlite3.connect(shop.name, factory=BuiltWithoutDbstat)) as database:
        yield database


def test_without_dbstat_the_sizes_of_tables_are_unknown(
    plain: sqlite3.Connection,
) -> None:
    assert {(tree.name, tree.size) for tree in trees(plain)} == {
        ("customers", None),
        ("django_migrations", None),
        ("orders", None),
    }
    facts = _facts(plain)
    assert facts.free == 0
    assert {each.note for each in facts.relations} == {
        "this SQLite was built without dbstat"
    }


def test_the_log_beside_the_file_counts(shop: Shop) -> None:
    with closing(sqlite3.connect(shop.name)) as writer:
        writer.execute("INSERT INTO customers VALUES (3, 'Alan')")
        writer.commit()
        sizes = get_engine(ALIAS).sizes()
    assert sizes.parts["wal"] > 4096
    assert sizes.size > sizes.parts["wal"]


def test_quotes_are_there_where_sql_needs_them() -> None:
    assert shown("orders") == "orders"
    assert shown('Odd "name".') == '"Odd ""name""."'
