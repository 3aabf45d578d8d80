"""What pg_stat_statements has counted."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError

from dbops.engines.postgresql.activity.reading import Reader
from dbops.engines.postgresql.connect import first_line, quoted
from dbops.engines.verbs.activity import Order
from dbops.engines.verbs.activity.statements import Statement, Statements

HIDDEN = "<insufficient privilege>"
# PostgreSQL's manual, appendix A.
NOT_LOADED = "55000"
FORBIDDEN = "42501"
CREATE = "CREATE EXTENSION pg_stat_statements"
PRELOAD = (
    "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements', and restart"
    " the server"
)
# A setting that the library itself makes; every role sees it, unlike the list of
# what is loaded.
IS_LOADED = """
    SELECT name FROM pg_catalog.pg_settings WHERE name = 'pg_stat_statements.max'
"""
# The extension may be older than the server, until ALTER EXTENSION UPDATE.
EXTENSION = """
    SELECT n.nspname AS schema, string_to_array(e.extversion, '.')::int[] AS version
    FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'
"""
EXEC_TIME_SINCE = [1, 8]
# One row a statement, whoever ran it and inside of what.
STATEMENTS = """
    SELECT s.queryid::text AS queryid, sum(s.calls)::bigint AS calls,
           sum(s.{total}) / greatest(sum(s.calls), 1) AS mean_ms,
           max(s.{longest}) AS max_ms, sum(s.{total}) AS total_ms,
           sum(s.rows)::bigint AS rows,
           coalesce(sum(s.{total}) / nullif(sum(sum(s.{total})) OVER (), 0), 0)
               AS share,
           min(s.query) AS query
    FROM {schema}.pg_stat_statements s
    JOIN pg_catalog.pg_database d ON d.oid = s.dbid
    WHERE d.datname = current_database()
    GROUP BY s.queryid
    ORDER BY {order} DESC
    LIMIT %s
"""


def read_statements(reader: Reader, *, by: Order, limit: int) -> Statements:
    """Return the costliest statements of this database."""
    found = reader.rows(EXTENSION)
    if not found:
        return Statements(
            missing="the extension pg_stat_statements is not in this database",
            remedy=CREATE if reader.rows(IS_LOADED) else f"{PRELOAD}; then {CREATE}",
        )
    (extension,) = found
    prefix = "_exec" if extension["version"] >= EXEC_TIME_SINCE else ""
    query = STATEMENTS.format(
        schema=quoted(extension["schema"]).replace("%", "%%"),
        total=f"total{prefix}_time",
        longest=f"max{prefix}_time",
        order={"total": "total_ms", "mean": "mean_ms"}[by],
    )
    try:
        rows = reader.rows(query, [limit])
    except DatabaseError as error:
        return Statements(missing=first_line(error), remedy=_remedy(error, reader))
    return Statements([_statement(row) for row in rows], remedy=reader.remedy)


def _statement(row: dict[str, Any]) -> Statement:
    is_hidden = row["query"] in {None, HIDDEN}
    return Statement(
        **{
            **row,
            "queryid": row["queryid"] or "",
            "query": None if is_hidden else row["query"],
        }
    )


def _remedy(error: DatabaseError, reader: Reader) -> str:
    state = getattr(error.__cause__, "sqlstate", "")
    return {
        NOT_LOADED: PRELOAD,
        FORBIDDEN: f"GRANT pg_monitor TO {reader.role}",
    }.get(state, "see the server's log, then try again")
