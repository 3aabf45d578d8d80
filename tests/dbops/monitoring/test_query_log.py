from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import Settings

from dbops.monitoring.query_log import QueryLog
from stateset.lib.databases import separate_connection
from tests.dbops.shop import ALIAS, Shop

SELECT = "SELECT id FROM orders WHERE note = %s AND customer_id < 77"


@contextmanager
def connected(shop: Shop) -> Iterator[BaseDatabaseWrapper]:
    """Open a new connection, under the settings as they are now."""
    connection = separate_connection(ALIAS)
    try:
        connection.ensure_connection()
        yield connection
    finally:
        connection.close()


def ask(connection: BaseDatabaseWrapper, statement: str = SELECT) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, ["secret"])


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "stateset.queries")
    return caplog


def test_each_query_is_logged_with_its_time_and_values(
    shop: Shop, settings: Settings, logged: pytest.LogCaptureFixture
) -> None:
    settings.LOG_QUERIES = True
    with connected(shop) as connection:
        ask(connection)
    record = logged.records[-1]
    assert (record.name, record.levelname) == ("stateset.queries", "DEBUG")
    assert record.getMessage().endswith(
        " ms: SELECT id FROM orders WHERE note = %s AND customer_id < 77 ['secret']"
    )


def test_in_production_no_value_is_logged(
    shop: Shop, settings: Settings, logged: pytest.LogCaptureFixture
) -> None:
    settings.LOG_QUERIES = settings.IN_PRODUCTION = True
    with connected(shop) as connection:
        ask(connection)
    assert logged.messages[-1].endswith(
        " ms: SELECT id FROM orders WHERE note = %s AND customer_id < ?"
    )


def test_a_slow_query_is_warned_of_even_where_not_all_are_logged(
    shop: Shop, settings: Settings, logged: pytest.LogCaptureFixture
) -> None:
    settings.SLOW_QUERY = timedelta(microseconds=1)
    with connected(shop) as connection:
        ask(connection)
    record = logged.records[-1]
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("Slow query, ")


def test_a_quick_query_is_not_logged(
    shop: Shop, settings: Settings, logged: pytest.LogCaptureFixture
) -> None:
    settings.SLOW_QUERY = timedelta(minutes=5)
    with connected(shop) as connection:
        ask(connection)
    assert logged.messages == []


def test_without_either_setting_nothing_is_timed(shop: Shop) -> None:
    with connected(shop) as connection:
        assert not [
            each for each in connection.execute_wrappers if isinstance(each, QueryLog)
        ]


def test_a_connection_that_is_opened_again_logs_once(
    shop: Shop, settings: Settings, logged: pytest.LogCaptureFixture
) -> None:
    settings.LOG_QUERIES = True
    with connected(shop) as connection:
        connection.close()
        connection.ensure_connection()
        before = len(logged.messages)
        ask(connection)
        assert len(logged.messages) == before + 1


def test_a_query_that_fails_is_logged_too(
    shop: Shop, settings: Settings, logged: pytest.LogCaptureFixture
) -> None:
    settings.LOG_QUERIES = True
    with connected(shop) as connection:
        with pytest.raises(DatabaseError):
            ask(connection, "SELECT nothing FROM nowhere WHERE x = %s")
        assert "FROM nowhere" in logged.messages[-1]


def test_many_at_once_are_one_line_without_their_values(
    shop: Shop, settings: Settings, logged: pytest.LogCaptureFixture
) -> None:
    settings.LOG_QUERIES = True
    with connected(shop) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE orders SET note = %s WHERE id = %s", [("a", 1), ("b", 2)]
        )
    assert logged.messages[-1].endswith(
        " ms: UPDATE orders SET note = %s WHERE id = %s (2 times)"
    )
