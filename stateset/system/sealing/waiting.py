"""How far a table can be sealed: below every row that may still be committed.

Ids are given out when a row is inserted and seen when it is committed, so a row may
appear below others. PostgreSQL: whoever has inserted into a table, or is about to,
holds ROW EXCLUSIVE on it until the transaction ends (pg_locks; manual 13.3.1). Once
the holders of a moment are gone, nothing appears any more below the newest id of
that moment. SQLite has one writer at a time.
"""

from __future__ import annotations

import time

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

PAUSE_SECONDS = 0.05

WRITERS_ON_POSTGRESQL = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND relation = %s::regclass AND pid IS DISTINCT FROM pg_backend_pid()
"""


def settled_id(
    model: type[models.Model], *, using: str, wait_seconds: float
) -> int | None:
    """Return the highest id below which nothing will appear, 0 for an empty table.

    None where a transaction that may hold such a row stays open for too long.
    """
    connection = connections[using]
    find_writers = WRITERS[connection.vendor]
    table = model._meta.db_table
    newest = model._base_manager.using(using).aggregate(at=models.Max("pk"))["at"]
    writers = find_writers(connection, table)
    deadline = time.monotonic() + wait_seconds
    while writers:
        if time.monotonic() >= deadline:
            return None
        time.sleep(PAUSE_SECONDS)
        writers &= find_writers(connection, table)
    return int(newest or 0)


def _on_postgresql(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(WRITERS_ON_POSTGRESQL, [connection.ops.quote_name(table)])
        return {row[0] for row in cursor.fetchall()}


def _on_sqlite(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    return set()


WRITERS = {"postgresql": _on_postgresql, "sqlite": _on_sqlite}
