"""The test database as ``migrate`` left it: kept, and put back after real commits.

Django would empty every table and have each app make its first rows anew, which is
half a second after each test that commits, on one engine as on the other.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

OPEN = """
SELECT format('process %s (%s) has a transaction open since %s, its last statement: %s',
              pid, application_name, xact_start, left(query, 200))
  FROM pg_stat_activity
 WHERE datname = current_database() AND xact_start IS NOT NULL
   AND pid <> pg_backend_pid()
"""
PutBack = Callable[[], None]
PATIENCE_SECONDS = 60.0
"""How long another connection may keep the tables locked after the test."""


class LeftOpenError(Exception):
    """A test is over and a transaction of it, or of what it started, is not."""

    def __init__(self, found: str) -> None:
        super().__init__(
            "The database of the tests could not be put back.\n"
            f"  why: {found}\n"
            "  fix: have the test end each transaction it begins, close the connection"
            " of each thread, and wait for each program it starts"
        )


def kept_fresh() -> AbstractContextManager[PutBack]:
    """Keep what the database holds now; give what puts it back."""
    creation: Any = connection.creation
    if str(connection.settings_dict["NAME"]) != creation._get_test_db_name():
        # No test of this run needs a database of its own, so none was made.
        return nullcontext(lambda: None)
    return {"sqlite": _pages, "postgresql": _rows}[connection.vendor]()


@contextmanager
def _pages() -> Iterator[PutBack]:
    """Keep the pages of the file, to be written over whatever it has become.

    The triggers are in them; those of the connection stay with the connection.
    """
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as kept:
        connection.ensure_connection()
        connection.connection.backup(kept)

        def put_back() -> None:
            connection.ensure_connection()
            give_up_at = time.monotonic() + PATIENCE_SECONDS

            def progress(status: int, _remaining: int, _total: int) -> None:
                # It would be tried for ever.
                is_done = status == sqlite3.SQLITE_DONE
                if not is_done and time.monotonic() > give_up_at:
                    raise LeftOpenError("another connection has the file locked")

            kept.backup(connection.connection, progress=progress)

        yield put_back


@contextmanager
def _rows() -> Iterator[PutBack]:
    """Keep the rows of the few tables that have any; all others are emptied.

    As a replica of another server would, so that no key, ledger or audit minds it.
    """
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        kept = {table: _copy_out(table) for table in _filled(tables)}

    def put_back() -> None:
        with (
            _complaining(),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in _filled(tables):
                cursor.execute(f"DELETE FROM {_name(table)}")  # noqa: S608 -- our tables
            for table, rows in kept.items():
                with cursor.copy(f"COPY {_name(table)} FROM STDIN") as copy:
                    copy.write(rows)

    yield put_back


@contextmanager
def _complaining() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        with connection.cursor() as cursor:
            cursor.execute(OPEN)
            found = "; ".join(row for (row,) in cursor.fetchall())
        raise LeftOpenError(found or str(error)) from error


def _filled(tables: list[str]) -> list[str]:
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM {_name(table)})"  # noqa: S608 -- our tables
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [table for (table,) in cursor.fetchall()]


def _copy_out(table: str) -> bytes:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {_name(table)} TO STDOUT") as copy,
    ):
        return b"".join(copy)


def _name(table: str) -> str:
    return connection.ops.quote_name(table)
