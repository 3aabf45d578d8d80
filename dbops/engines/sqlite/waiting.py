"""How long our own changes wait for other people's locks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.sqlite.connect import PRIMARY_CODE
from dbops.engines.verbs import care

LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def wait_briefly() -> str:
    """Return the statement that limits how long the session waits for a lock."""
    return f"PRAGMA busy_timeout = {care.LOCK_WAIT_SECONDS * 1000:.0f}"


@contextmanager
def waiting_briefly(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Set the limit of the connection, and take it back to what it was."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (before,) = cursor.fetchone()
        cursor.execute(wait_briefly())
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {before}")


def is_lock_timeout(error: BaseException) -> bool:
    """Tell whether SQLite gave up waiting for a lock."""
    return any(
        getattr(each, "sqlite_errorcode", 0) & PRIMARY_CODE in LOCKED
        for each in (error, error.__cause__)
    )
