"""One view of all tables, which a dump and a count of its rows share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg.errors import InsufficientPrivilege, UndefinedTable

from dbops.engines.postgresql.contents import read_places, unreadable
from dbops.engines.postgresql.waiting import is_lock_timeout
from dbops.errors import DatabaseInUseError

# A table may go away between being listed and being locked.
ATTEMPTS = 5


@contextmanager
def exported_snapshot(
    connection: BaseDatabaseWrapper, *, lock_wait_seconds: int
) -> Iterator[str]:
    """Give the name of a snapshot in which every table stays as it is found.

    The tables are locked before they are looked at, against nothing but a change of
    their shape. A look from before one finds the table empty, without any error:
    what rewrites a table keeps its old rows for nobody. Raises DatabaseInUseError
    when a lock is not given in time, ContentsUnreadableError where the role may not.
    """
    with connection.cursor() as cursor:
        for attempt in range(1, ATTEMPTS + 1):
            places = read_places(cursor)
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # Neither this nor a lock takes the snapshot; the first SELECT does.
            cursor.execute(f"SET LOCAL lock_timeout = {lock_wait_seconds * 1000}")
            if _are_locked(cursor, places, lock_wait_seconds, attempt):
                break
            cursor.execute("ROLLBACK")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


def _are_locked(
    cursor: CursorWrapper, places: list[str], seconds: int, attempt: int
) -> bool:
    """Lock each table; tell whether all were still there, at the latest by raising."""
    for place in places:
        try:
            cursor.execute(f"LOCK TABLE ONLY {place} IN ACCESS SHARE MODE")
        except DatabaseError as error:
            if isinstance(error.__cause__, UndefinedTable) and attempt < ATTEMPTS:
                return False
            if isinstance(error.__cause__, InsufficientPrivilege):
                raise unreadable(error) from error
            if is_lock_timeout(error):
                raise DatabaseInUseError(
                    "The backup was not begun.",
                    why=f"others kept {place} locked for {seconds} seconds",
                    fix="see who (db_locks), and try again in a quiet minute",
                ) from error
            raise
    return True
