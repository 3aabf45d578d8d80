"""The figures that tell a healthy server from a sick one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dbops.engines.postgresql.activity.reading import Reader, seconds_since
from dbops.engines.postgresql.activity.sessions import read_connections
from dbops.engines.postgresql.connect import first_line
from dbops.engines.verbs.activity.health import Reading
from stateset.lib.databases import UNREACHABLE

SHOWN = 3
# A backup's transaction is as long as the backup.
TRANSACTIONS = """
    SELECT extract(epoch FROM max(clock_timestamp() - a.xact_start))::float AS longest,
           extract(epoch FROM max(clock_timestamp() - a.state_change)
               FILTER (WHERE a.state LIKE 'idle in transaction%%'))::float AS idle,
           count(*) FILTER (WHERE a.state LIKE 'idle in transaction%%') AS idle_count
    FROM pg_catalog.pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
      AND a.backend_type = 'client backend'
      AND a.application_name NOT LIKE 'stateset %%'
      AND a.application_name <> 'pg_dump'
"""
# pg_locks.waitstart: 14. Every role sees waits.
WAITS = """
    SELECT count(DISTINCT l.pid) AS blocked,
           coalesce(extract(epoch FROM max(greatest(
               clock_timestamp() - l.waitstart, interval '0'))), 0)::float AS longest
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.granted AND a.datname = current_database()
"""
DATABASE = """
    SELECT d.blks_hit + d.blks_read AS blocks,
           d.blks_hit::float / nullif(d.blks_hit + d.blks_read, 0) AS hit,
           d.deadlocks, d.stats_reset
    FROM pg_catalog.pg_stat_database d WHERE d.datname = current_database()
"""
# The oldest database decides: at 2^31 the whole server stops taking writes.
WRAPAROUND = """
    SELECT max(age(datfrozenxid))::float AS xid,
           max(mxid_age(datminmxid))::float AS mxid,
           (array_agg(datname ORDER BY age(datfrozenxid) DESC))[1] AS xid_database,
           (array_agg(datname ORDER BY mxid_age(datminmxid) DESC))[1] AS mxid_database
    FROM pg_catalog.pg_database
"""
END_OF_NUMBERS = float(2**31)
ARCHIVER = f"""
    SELECT current_setting('archive_mode') AS mode, a.archived_count, a.failed_count,
           a.last_failed_wal,
           coalesce(a.last_failed_time > coalesce(a.last_archived_time, '-infinity'),
               false) AS is_failing,
           {seconds_since("a.last_archived_time")} AS seconds
    FROM pg_catalog.pg_stat_archiver a
"""  # noqa: S608 -- our own expression
# Twice what starts autovacuum, and still there: it does not keep up, is off for the
# table, or is held up by an old transaction. reltuples is -1 before any analyze.
DEAD_ROWS = """
    WITH limits AS (
      SELECT s.schemaname, s.relname, s.n_dead_tup,
             coalesce(o.threshold,
                 current_setting('autovacuum_vacuum_threshold')::float)
             + coalesce(o.scale,
                 current_setting('autovacuum_vacuum_scale_factor')::float)
             * greatest(c.reltuples, s.n_live_tup, 0) AS due
      FROM pg_catalog.pg_stat_user_tables s
      JOIN pg_catalog.pg_class c ON c.oid = s.relid
      LEFT JOIN LATERAL (
        SELECT max(option_value) FILTER (WHERE option_name =
                   'autovacuum_vacuum_threshold')::float AS threshold,
               max(option_value) FILTER (WHERE option_name =
                   'autovacuum_vacuum_scale_factor')::float AS scale
        FROM pg_options_to_table(c.reloptions)
      ) o ON true
    )
    SELECT schemaname AS schema, relname AS name, n_dead_tup AS dead
    FROM limits WHERE n_dead_tup > 2 * due
    ORDER BY n_dead_tup DESC
"""
# One that is being built is not valid yet.
INVALID = """
    SELECT n.nspname AS schema, c.relname AS name
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname !~ '^pg_toast'
      AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p
        WHERE p.index_relid = i.indexrelid)
    ORDER BY n.nspname, c.relname
"""

Measure = Callable[[Reader], list[Reading]]


def read_health(reader: Reader) -> list[Reading]:
    """Measure everything; what cannot be measured is unknown, and says why."""
    return [
        reading
        for name, measure in MEASURES
        for reading in _tried(reader, name, measure)
    ]


def _tried(reader: Reader, name: str, measure: Measure) -> list[Reading]:
    try:
        return measure(reader)
    except UNREACHABLE as error:
        return [Reading(name, None, why=first_line(error))]


def _answers(reader: Reader) -> list[Reading]:
    began = time.perf_counter()
    reader.row("SELECT 1 AS one")
    return [Reading("answers", (time.perf_counter() - began) * 1000)]


def _connections(reader: Reader) -> list[Reading]:
    seen = read_connections(reader)
    return [Reading("connections", seen["used"] / max(seen["limit"], 1), seen)]


def _transactions(reader: Reader) -> list[Reading]:
    names = ("longest_transaction", "idle_in_transaction")
    if not reader.sees_all:
        why = f"other roles' sessions are hidden; {reader.remedy}"
        return [Reading(name, None, why=why) for name in names]
    row = reader.row(TRANSACTIONS)
    seconds = (row["longest"] or 0.0, row["idle"] or 0.0)
    words = {"idle_count": row["idle_count"]}
    return [
        Reading(name, max(value, 0.0), words)
        for name, value in zip(names, seconds, strict=True)
    ]


def _waits(reader: Reader) -> list[Reading]:
    row = reader.row(WAITS)
    return [
        Reading("blocked_sessions", row["blocked"]),
        Reading("longest_lock_wait", row["longest"]),
    ]


def _database(reader: Reader) -> list[Reading]:
    row = reader.row(DATABASE)
    since = row["stats_reset"]
    words = {
        "blocks": row["blocks"],
        "since": f"since {since:%Y-%m-%d}" if since else "since it was made",
    }
    hit = 1.0 if row["hit"] is None else row["hit"]
    return [
        Reading("cache_hit", hit, words),
        Reading("deadlocks", row["deadlocks"], words),
    ]


def _wraparound(reader: Reader) -> list[Reading]:
    row = reader.row(WRAPAROUND)
    return [
        Reading(
            f"wraparound_{kind}",
            row[kind] / END_OF_NUMBERS,
            {"age": int(row[kind]), "database": row[f"{kind}_database"]},
        )
        for kind in ("xid", "mxid")
    ]


def _archiver(reader: Reader) -> list[Reading]:
    row = reader.row(ARCHIVER)
    is_failing = row["mode"] != "off" and row["is_failing"]
    return [Reading("archiver", int(is_failing), {**row, "said": _archived(row)})]


def _archived(row: dict[str, Any]) -> str:
    if row["mode"] == "off":
        return "off: no recovery to a point in time"
    if row["is_failing"]:
        return (
            f"{row['last_failed_wal']} was not archived; {row['failed_count']} failures"
        )
    if row["seconds"] is None:
        return "on, nothing archived yet"
    return f"on, last archived {int(row['seconds'])} s ago"


def _dead_rows(reader: Reader) -> list[Reading]:
    return [_named("dead_rows", reader.rows(DEAD_ROWS))]


def _invalid(reader: Reader) -> list[Reading]:
    return [_named("invalid_indexes", reader.rows(INVALID))]


def _named(name: str, rows: list[dict[str, Any]]) -> Reading:
    names = [
        row["name"] if row["schema"] == "public" else f"{row['schema']}.{row['name']}"
        for row in rows
    ]
    shown = ", ".join(names[:SHOWN])
    if len(names) > SHOWN:
        shown += f" and {len(names) - SHOWN} more"
    return Reading(name, len(names), {"names": shown})


MEASURES: tuple[tuple[str, Measure], ...] = (
    ("answers", _answers),
    ("connections", _connections),
    ("longest_transaction", _transactions),
    ("blocked_sessions", _waits),
    ("cache_hit", _database),
    ("wraparound_xid", _wraparound),
    ("archiver", _archiver),
    ("dead_rows", _dead_rows),
    ("invalid_indexes", _invalid),
)
