"""Write a draft anew: dead rows and statistics still hold what its rows were.

Nothing but the draft's own tables, though. Without a list, VACUUM FULL takes those that
all databases of the server share too. For pg_database and pg_authid it waits for every
open transaction that has read them, and each new session waits behind it: also the
pg_dump that such a transaction waits for, for good.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.postgresql.connect import session

# Filled from the old rows. pg_class: since 14 unchanged.
MATERIALIZED = """
    SELECT c.oid::regclass::text FROM pg_catalog.pg_class c
    WHERE c.relkind = 'm' AND c.relispopulated ORDER BY c.oid
"""
# ANALYZE passes over a table without rows and leaves what it knew of it.
OUTDATED = """
    SELECT c.oid::regclass::text, quote_ident(a.attname),
           format_type(a.atttypid, a.atttypmod)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname
     AND s.tablename = c.relname AND s.attname = a.attname
    WHERE c.relkind = 'r' AND n.nspname <> 'information_schema'
      AND n.nspname !~ '^pg_'
      AND c.reltuples = 0
"""
# With the system's own of this database, one of which keeps the statistics. Indexes
# and TOAST come with their table.
OWN = """
    SELECT c.oid::regclass::text FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'm') AND NOT c.relisshared AND c.relpersistence <> 't'
    ORDER BY c.oid
"""


def scrub(connection: BaseDatabaseWrapper, draft: str) -> None:
    """Leave nothing of what the rows of a draft were; whole tables are locked."""
    with (
        session(connection, database=draft, name="restore") as own,
        own.cursor() as cursor,
    ):
        for (name,) in _all(cursor, MATERIALIZED):
            cursor.execute(f"REFRESH MATERIALIZED VIEW {name}")
        cursor.execute("ANALYZE")
        for table, column, kind in _all(cursor, OUTDATED):
            # To change a column's type, even to what it is, drops its statistics.
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
        # Last, so that statistics of before go with the dead rows.
        names = ", ".join(name for (name,) in _all(cursor, OWN))
        cursor.execute(f"VACUUM FULL {names}")


def _all(cursor: CursorWrapper, query: str) -> list[tuple[str, ...]]:
    cursor.execute(query)
    rows: list[tuple[str, ...]] = cursor.fetchall()
    return rows
