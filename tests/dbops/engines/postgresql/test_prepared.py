from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import NotSupportedError

from dbops.engines.postgresql.configuration import tune
from dbops.engines.tuning import Tuning
from stateset.lib.databases import separate_connection
from tests.dbops.shop import ALIAS, Shop

PREPARED = "SELECT count(*) FROM pg_prepared_statements"

pytestmark = pytest.mark.postgresql


@contextmanager
def preparing(threshold: int) -> Iterator[BaseDatabaseWrapper]:
    """Give a connection to the shop that prepares what it has run so often."""
    connection = separate_connection(ALIAS)
    for name in ("server_side_binding", "prepare_threshold"):
        connection.settings_dict["OPTIONS"].pop(name, None)
    tuning = Tuning("stateset-test", connect_timeout=5, prepare_threshold=threshold)
    tune(connection.settings_dict, tuning)
    try:
        yield connection
    finally:
        connection.close()


def ask(connection: BaseDatabaseWrapper) -> str:
    """Read one note, always by the same statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM orders WHERE id = %s", [7])
        return str(cursor.fetchone()[0])


def prepared(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute(PREPARED)
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(("threshold", "is_prepared"), [(0, False), (2, True)])
def test_a_statement_is_prepared_when_it_has_run_often_enough(
    shop: Shop, threshold: int, *, is_prepared: bool
) -> None:
    with preparing(threshold) as connection:
        for _ in range(4):
            ask(connection)
        assert bool(prepared(connection)) == is_prepared


@pytest.mark.parametrize(
    "migration",
    [
        "ALTER TABLE orders ADD COLUMN colour text NOT NULL DEFAULT 'red'",
        "ALTER TABLE orders ALTER COLUMN note TYPE varchar(80)",
        "ALTER TABLE orders RENAME TO old; CREATE TABLE orders AS SELECT * FROM old",
    ],
)
def test_a_migration_beside_a_running_site_makes_no_plan_fail(
    shop: Shop, migration: str
) -> None:
    with preparing(2) as connection:
        for _ in range(4):
            ask(connection)
        assert prepared(connection)
        with shop.connect() as other:
            other.execute(migration)
        assert [ask(connection) for _ in range(5)] == ["n7"] * 5


def test_in_a_transaction_a_stale_plan_fails_once_and_no_more(
    shop: Shop,
) -> None:
    with preparing(2) as connection:
        for _ in range(4):
            ask(connection)
        with shop.connect() as other:
            other.execute("ALTER TABLE orders ALTER COLUMN note TYPE varchar(80)")

        def ask_inside() -> str:
            with atomic(connection):
                return ask(connection)

        with pytest.raises(NotSupportedError):
            ask_inside()
        assert [ask_inside() for _ in range(5)] == ["n7"] * 5


@contextmanager
def atomic(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Do what ``transaction.atomic`` does, for a connection without an alias."""
    connection.set_autocommit(False)
    try:
        yield
        connection.commit()
    except Exception:
        connection.rollback()
        raise
    finally:
        connection.set_autocommit(True)
