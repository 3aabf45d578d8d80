"""Sessions of this database, and how one is ended."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import ProgrammingError

from dbops.engines.postgresql.activity.reading import Reader, seconds_since
from dbops.engines.postgresql.connect import first_line
from dbops.engines.verbs.activity.sessions import Session, Sessions
from dbops.errors import SessionRefusedError

# PostgreSQL waits this long for a session to be gone before it says that it is not.
GONE_SECONDS = 5
# Backups, migrations and whatever else an operator runs; web processes and workers
# are not among them.
OURS = """
    a.application_name LIKE 'stateset %%' OR a.application_name IN (
        'stateset-command', 'stateset-operation',
        'pg_dump', 'pg_restore', 'pg_basebackup')
"""
# pg_stat_activity: columns unchanged since 14. To a role that may not see it, a
# session of another role has no state, no start and no kind.
IN_STATE_SINCE = (
    "(CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END)"
)
COLUMNS = f"""
    a.pid, a.backend_start AS started_at, a.usename AS "user",
    a.application_name AS app, pg_catalog.host(a.client_addr) AS client,
    a.backend_type AS kind, a.state,
    concat_ws(': ', a.wait_event_type, a.wait_event) AS wait,
    {seconds_since(IN_STATE_SINCE)} AS seconds,
    {seconds_since("a.xact_start")} AS transaction_seconds,
    CASE WHEN a.state IS NOT NULL OR a.backend_type IS NOT NULL THEN a.query END
        AS query,
    a.backend_type = 'client backend' IS TRUE AND a.datname = current_database()
        AS is_client,
    {OURS} AS is_ours
"""
# Workers of a parallel query belong to their leader.
SESSIONS = f"""
    SELECT {COLUMNS}
    FROM pg_catalog.pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
      AND a.leader_pid IS NULL
    ORDER BY CASE a.state WHEN 'active' THEN 0 WHEN 'idle' THEN 2 ELSE 1 END,
             seconds DESC NULLS LAST, a.pid
"""  # noqa: S608 -- our own columns
BY_PID = f"""
    SELECT {COLUMNS} FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY(%s)
"""  # noqa: S608 -- our own columns
# pg_stat_database counts for every role; its own connection is taken off.
CONNECTIONS = """
    SELECT greatest(CASE WHEN %s
        THEN (SELECT count(*) FROM pg_catalog.pg_stat_activity
              WHERE backend_type = 'client backend')
        ELSE (SELECT sum(numbackends) FROM pg_catalog.pg_stat_database)
        END - 1, 0)::int AS used,
        current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int
        AS limit
"""
# One statement finds the session and ends it: a number given to somebody else in
# between is not hit. Ours, and what is no client's, is left alone.
END = """
    SELECT {act} AS is_done
    FROM pg_catalog.pg_stat_activity a
    WHERE a.pid = %s AND a.backend_start = %s AND a.datname = current_database()
      AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
      AND NOT ({ours})
"""
CANCEL = "pg_catalog.pg_cancel_backend(a.pid)"
TERMINATE = f"pg_catalog.pg_terminate_backend(a.pid, {GONE_SECONDS * 1000})"


def read_sessions(reader: Reader) -> Sessions:
    """Return the sessions of this database but our own."""
    rows = [Session(**row) for row in reader.rows(SESSIONS, [])]
    return Sessions(rows=rows, **read_connections(reader), remedy=reader.remedy)


def read_connections(reader: Reader) -> dict[str, int]:
    """Return how many connections of the server are used, and how many there are."""
    return reader.row(CONNECTIONS, [reader.sees_all])


def sessions_by_pid(reader: Reader, pids: Sequence[int]) -> dict[int, Session]:
    """Return the sessions of these numbers, in whatever database they are."""
    rows = reader.rows(BY_PID, [list(pids)])
    return {row["pid"]: Session(**row) for row in rows}


def end_session(reader: Reader, session: Session, *, cancel: bool) -> bool:
    """End one session, or cancel its statement; return whether it was done."""
    query = END.format(act=CANCEL if cancel else TERMINATE, ours=OURS)
    try:
        rows = reader.rows(
            query, [session.pid, session.started_at], seconds=2 * GONE_SECONDS
        )
    except ProgrammingError as error:
        raise SessionRefusedError(
            f"The session {session.pid} was not ended.",
            why=first_line(error),
            fix=f"have a DBA run: GRANT pg_signal_backend TO {reader.role}; a"
            " superuser's session takes a superuser",
        ) from error
    return any(row["is_done"] for row in rows)
