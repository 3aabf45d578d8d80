"""Have the server know the tables of a database that was just filled."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.connect import session
from dbops.engines.postgresql.contents import CANCEL_SECONDS, place_of

# What ANALYZE takes when no table is named, the largest first, so that the tail is
# short. pg_class: since 14 unchanged.
TABLES = """
    SELECT n.nspname, c.relname
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't'
    ORDER BY pg_catalog.pg_relation_size(c.oid) DESC
"""


def analyze(connection: BaseDatabaseWrapper, database: str, *, jobs: int) -> None:
    """Run ANALYZE on each table, as many at once as there are ``jobs``.

    The server uses one core and one connection for each. The first error ends all
    and is raised.
    """
    with ExitStack() as stack:
        sessions = [
            stack.enter_context(
                session(connection, database=database, name="restore, analyze")
            )
            for _ in range(jobs)
        ]
        with sessions[0].cursor() as cursor:
            cursor.execute(TABLES)
            left = deque(place_of(*row) for row in cursor.fetchall())
        with ThreadPoolExecutor(jobs) as pool:
            working = [pool.submit(_take, own, left) for own in sessions]
            try:
                for each in working:
                    each.result()
            except BaseException:
                _end(sessions, left)
                raise


def _take(own: BaseDatabaseWrapper, left: deque[str]) -> None:
    with own.cursor() as cursor:
        while left:
            # Another session may take the last one in between.
            with suppress(IndexError):
                cursor.execute(f"ANALYZE {left.popleft()}")


def _end(sessions: Sequence[BaseDatabaseWrapper], left: deque[str]) -> None:
    left.clear()
    for own in sessions:
        # One that is gone has ended.
        with suppress(psycopg.Error):
            own.connection.cancel_safe(timeout=CANCEL_SECONDS)
