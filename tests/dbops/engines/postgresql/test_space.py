from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from django.db.utils import InternalError

from dbops.engines.postgresql.reading import reading
from dbops.engines.registry import get_engine
from dbops.errors import LookStoppedError
from tests.dbops.monitoring.holding import session
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.postgresql


@contextmanager
def locked(shop: Shop, table: str) -> Iterator[None]:
    """Hold what ALTER TABLE holds."""
    with session(shop, "holder") as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_look_changes_nothing(shop: Shop) -> None:
    with (
        pytest.raises(InternalError, match="read-only transaction"),
        reading(connections[ALIAS], name="test") as cursor,
    ):
        cursor.execute("CREATE TABLE made (id INT)")


def test_a_look_has_limits_of_its_own(shop: Shop) -> None:
    with reading(connections[ALIAS], name="test") as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'),"
            " current_setting('lock_timeout'), current_setting('application_name')"
        )
        assert cursor.fetchone() == ("30s", "500ms", "stateset test")


def test_a_look_that_takes_too_long_is_ended_and_explained(shop: Shop) -> None:
    with (
        pytest.raises(LookStoppedError) as caught,
        reading(connections[ALIAS], name="test", limit_seconds=1) as cursor,
    ):
        cursor.execute("SELECT pg_sleep(30)")
    assert str(caught.value) == (
        "The database was not looked at to the end.\n"
        "  why: canceling statement due to statement timeout\n"
        "  fix: try again later; db_locks shows who holds what"
    )


def test_a_locked_table_is_passed_over_and_the_others_are_measured(shop: Shop) -> None:
    with locked(shop, "orders"):
        began = time.monotonic()
        sizes = get_engine(ALIAS).sizes()
        assert time.monotonic() - began < 5
    found = {each.table.name: each for each in sizes.tables}
    assert (found["orders"].total, found["orders"].note) == (
        None,
        "somebody locks it exclusively",
    )
    assert found["customers"].total


def test_a_lock_that_is_only_awaited_is_seen_as_well(shop: Shop) -> None:
    with session(shop, "reader") as reader:
        reader.execute("SELECT * FROM orders LIMIT 1")
        waiting = threading.Thread(
            target=shop.run, args=("ALTER TABLE orders ADD COLUMN later INT",)
        )
        waiting.start()
        while not shop.run("SELECT 1 FROM pg_locks WHERE NOT granted"):
            time.sleep(0.02)
        sizes = get_engine(ALIAS).sizes()
    waiting.join()
    assert [each.table.name for each in sizes.tables if each.note] == ["orders"]


def test_indexes_are_listed_while_one_is_locked(shop: Shop) -> None:
    shop.run("CREATE INDEX lower_name ON customers (lower(name)) WHERE id > 1")
    with locked(shop, "customers"):
        indexes = get_engine(ALIAS).index_facts().indexes
    sizes = {each.name: each.size for each in indexes}
    assert sizes["customers_pkey"] is None
    assert sizes["orders_pkey"]


def test_a_column_or_schema_of_any_name_is_read(shop: Shop) -> None:
    shop.run('CREATE SCHEMA "a.b%"')
    shop.run('CREATE TABLE "a.b%"."c""d" ("E %s" INT UNIQUE, "f.g" INT)')
    (table,) = [each for each in get_engine(ALIAS).schema() if each.schema]
    assert (table.schema, table.name, str(table)) == (
        *("a.b%", 'c"d'),
        '"a.b%"."c""d"',
    )
    first, second = get_engine(ALIAS).schema()[table]
    assert (first.name, first.is_unique, second.name) == ("E %s", True, "f.g")


def test_toast_is_told_from_the_table_itself(shop: Shop) -> None:
    shop.run("CREATE TABLE papers (id INT, body TEXT)")
    shop.run("ALTER TABLE papers ALTER body SET STORAGE EXTERNAL")
    shop.run(
        "INSERT INTO papers SELECT i, repeat('x', 9000) FROM generate_series(1, 50) i"
    )
    papers = next(
        each for each in get_engine(ALIAS).sizes().tables if each.table.name == "papers"
    )
    assert papers.toast is not None
    assert papers.toast > 50 * 9000
    ((total,),) = shop.run("SELECT pg_total_relation_size('papers')")
    assert papers.total == total
