"""An advisory lock on the maintenance database, so a restore cannot rewind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from hashlib import sha256
from time import monotonic, sleep

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.postgresql.connect import maintenance_session
from dbops.errors import OperationBusyError

# The first half of every lock's key: "dbop" in ASCII.
LEASES = 0x64626F70
# Seconds: a server that is busy takes a while to see that a killed run is gone, and
# who resumes it at once is not told that it is still at work.
GRACE = 2.0
PAUSE = 0.1
# pg_locks, pg_stat_activity: columns unchanged since 14. The two halves of the
# key are classid and objid.
HOLDER = """
    SELECT a.application_name, a.xact_start
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
      AND l.classid = %s::oid AND l.objid = %s::oid
"""


@contextmanager
def lock(connection: BaseDatabaseWrapper, target: str, holder: str) -> Iterator[None]:
    """Hold the lease of the database ``target`` on this server.

    The lock lives as long as a transaction that is kept open, so that a pooler
    between us and the server cannot hand it to somebody else.
    """
    with (
        maintenance_session(connection, name=holder) as own,
        own.cursor() as cursor,
    ):
        cursor.execute("BEGIN")
        until = monotonic() + GRACE
        while not _taken(cursor, target):
            if monotonic() > until:
                raise OperationBusyError(
                    f"The database {target!r} is being worked on.",
                    why=_held_by(cursor, target) or "other runs take turns at it",
                    fix="wait until it is done, then try again",
                )
            sleep(PAUSE)
        yield


def lease_holder(connection: BaseDatabaseWrapper, target: str) -> str | None:
    """Return who holds the lease of the database ``target``, None if nobody."""
    with (
        maintenance_session(connection, name="who holds it") as own,
        own.cursor() as cursor,
    ):
        return _held_by(cursor, target)


def lock_key(target: str) -> int:
    """Return the second half of the key: a non-negative 31 bit number."""
    return int.from_bytes(sha256(target.encode()).digest()[:4], "big") >> 1


def _taken(cursor: CursorWrapper, target: str) -> bool:
    cursor.execute(
        "SELECT pg_try_advisory_xact_lock(%s::int, %s::int)",
        [LEASES, lock_key(target)],
    )
    return bool(cursor.fetchone()[0])


def _held_by(cursor: CursorWrapper, target: str) -> str | None:
    cursor.execute(HOLDER, [LEASES, lock_key(target)])
    row = cursor.fetchone()
    if row is None:
        return None
    name = row[0].removeprefix("stateset ")
    return f"{name} holds it since {row[1].astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
