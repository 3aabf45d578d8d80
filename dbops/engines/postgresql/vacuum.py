"""VACUUM, on a session of its own: it refuses to run inside a transaction.

Tables are named as the server itself quotes them (``regclass``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

import psycopg
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.connect import first_line, session
from dbops.engines.postgresql.waiting import is_lock_timeout, wait_briefly
from dbops.engines.verbs import care
from dbops.engines.verbs.care import Vacuumed
from dbops.errors import DatabaseInUseError, VacuumRefusedError

LOCK_NOT_AVAILABLE = "55P03"


def vacuum(
    connection: BaseDatabaseWrapper, tables: Sequence[str]
) -> Iterator[Vacuumed]:
    """Vacuum and analyze tables; what the server warns of was skipped."""
    with session(connection, name="vacuum") as own:
        for table in tables:
            begun = perf_counter()
            with _warnings(own) as warnings:
                try:
                    _execute(own, f"VACUUM (ANALYZE, SKIP_LOCKED) {table}")
                except DatabaseError as error:
                    # Dropped a moment ago, say; the other tables are still there.
                    warnings.append(first_line(error))
            skipped = next(iter(warnings), "")
            yield Vacuumed(table, round(perf_counter() - begun, 3), skipped)


def vacuum_full(connection: BaseDatabaseWrapper, table: str) -> None:
    """Write the table and its indexes anew; its lock is waited for briefly."""
    with session(connection, name="vacuum") as own, _warnings(own) as warnings:
        _execute(own, wait_briefly())
        try:
            _execute(own, f"VACUUM (FULL, ANALYZE) {table}")
        except DatabaseError as error:
            if is_lock_timeout(error):
                raise DatabaseInUseError(
                    f"The table {table} was not vacuumed.",
                    why=f"others kept it locked for {care.LOCK_WAIT_SECONDS:g} seconds",
                    fix="see who (db_locks), and try again in a quiet minute",
                ) from error
            raise _refused(table, first_line(error)) from error
    if warnings:
        raise _refused(table, warnings[0])


def _execute(own: BaseDatabaseWrapper, statement: str) -> None:
    with own.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def _warnings(own: BaseDatabaseWrapper) -> Iterator[list[str]]:
    """Collect why the server left a table out, in its words or in ours."""
    found: list[str] = []

    def note(diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized != "WARNING":
            return
        is_locked = diagnostic.sqlstate == LOCK_NOT_AVAILABLE
        found.append("it is locked" if is_locked else diagnostic.message_primary or "")

    own.ensure_connection()
    raw: psycopg.Connection = own.connection
    raw.add_notice_handler(note)
    try:
        yield found
    finally:
        raw.remove_notice_handler(note)


def _refused(table: str, why: str) -> VacuumRefusedError:
    return VacuumRefusedError(
        f"The table {table} was not vacuumed.",
        why=why,
        fix="use a role that owns it, and see that the server has room for a copy",
    )
