"""Looks into a database: read-only, on a connection of their own, within limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.postgresql.activity.reading import CONNECT_SECONDS, GUARD
from dbops.engines.postgresql.connect import first_line, session
from dbops.errors import LookStoppedError

LIMIT_SECONDS = 30
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
    options = {"connect_timeout": CONNECT_SECONDS}
    with (
        session(connection, name=name, start="", options=options) as own,
        own.cursor() as cursor,
    ):
        cursor.execute(GUARD.format(seconds=limit_seconds))
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
