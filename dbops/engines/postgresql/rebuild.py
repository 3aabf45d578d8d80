"""Drop what the role owns in the schema, then have it built anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.waiting import is_lock_timeout, waiting_briefly
from dbops.engines.verbs import care
from dbops.errors import DatabaseInUseError

# What belongs to an extension goes with that only. Columns unchanged since 14.
OWNED = """
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
                ELSE 'TABLE' END, c.oid::regclass::text
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace
      AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid
                      AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
    UNION ALL
    SELECT 'FUNCTION', p.oid::regprocedure::text
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind = 'f'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = p.oid
                      AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
    ORDER BY 1 DESC
"""


def rebuild(connection: BaseDatabaseWrapper, build: Callable[[], Any]) -> None:
    """Drop everything in one transaction, or nothing; then call ``build``."""
    try:
        with (
            waiting_briefly(connection),
            transaction.atomic(using=connection.alias),
            connection.cursor() as cursor,
        ):
            cursor.execute(OWNED)
            for kind, name in cursor.fetchall():
                # Names are as regclass quotes them. Others may be gone with theirs.
                cursor.execute(f"DROP {kind} IF EXISTS {name} CASCADE")
    except DatabaseError as error:
        if not is_lock_timeout(error):
            raise
        raise DatabaseInUseError(
            f"The database {connection.settings_dict['NAME']!r} was not made anew.",
            why=f"others kept a table locked for {care.LOCK_WAIT_SECONDS:g} seconds",
            fix="stop the web server and the workers, then try again",
        ) from error
    build()
