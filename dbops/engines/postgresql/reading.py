"""Looks into a database: read-only, on a connection of their own, within limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.postgresql.connect import first_line, session
from dbops.errors import LookStoppedError

LIMIT_SECONDS = 30
# SET LOCAL outside a transaction does nothing, hence the BEGIN. With nothing but
# pg_catalog in the path, no table or function of others stands in for a system's.
BEGIN = """
    BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY;
    SET LOCAL statement_timeout = '{limit}s';
    SET LOCAL lock_timeout = '500ms';
    SET LOCAL idle_in_transaction_session_timeout = '{limit}s';
    SET LOCAL search_path = pg_catalog, pg_temp
"""
# query_canceled and lock_not_available; PostgreSQL's manual, appendix A.
STOPPED = {"57014", "55P03"}


@contextmanager
def reading(
    connection: BaseDatabaseWrapper, *, name: str, limit_seconds: int = LIMIT_SECONDS
) -> Iterator[CursorWrapper]:
    """Yield a cursor in a read-only transaction of its own.

    The statistics views stand still inside a transaction, so each look takes a new
    one. Raises LookStoppedError when it takes too long or somebody holds a lock.
    """
    with session(connection, name=name) as own, own.cursor() as cursor:
        cursor.execute(BEGIN.format(limit=limit_seconds))
        try:
            yield cursor
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in STOPPED:
                raise
            raise LookStoppedError(
                "The database was not looked at to the end.",
                why=first_line(error),
                fix="try again later; db_locks shows who holds what",
            ) from error
        cursor.execute("ROLLBACK")
