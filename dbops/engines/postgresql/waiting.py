"""How long our own changes wait for other people's locks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import LockNotAvailable

from dbops.engines.verbs import care

SETTINGS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


def wait_briefly() -> str:
    """Return the statement that limits how long the session waits for a lock."""
    return f"SET lock_timeout = {care.LOCK_WAIT_SECONDS * 1000:.0f}"


@contextmanager
def waiting_briefly(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Set the limits of the session, and take them back to what it began with."""
    with connection.cursor() as cursor:
        cursor.execute(wait_briefly())
        for name in SETTINGS[1:]:
            cursor.execute(f"SET {name} = 0")
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                for name in SETTINGS:
                    cursor.execute(f"RESET {name}")


def is_lock_timeout(error: BaseException) -> bool:
    """Tell whether the server gave up waiting for a lock (SQLSTATE 55P03)."""
    return isinstance(error, LockNotAvailable) or isinstance(
        error.__cause__, LockNotAvailable
    )
