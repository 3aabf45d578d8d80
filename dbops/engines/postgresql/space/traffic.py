"""The server's own counters: pg_stat_database, pg_statio_*, pg_stat_io."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.postgresql.reading import reading
from dbops.engines.postgresql.space.names import OURS, shown
from dbops.engines.verbs.space.traffic import Counters, Traffic

HAS_STREAMS = 160000
HAS_BYTES = 180000
DATABASE_COUNTERS = (
    *("hits", "reads", "temp_files", "temp_bytes", "read_seconds", "write_seconds"),
)
DATABASE = """
    SELECT clock_timestamp(), stats_reset, current_setting('track_io_timing')::bool,
           blks_hit, blks_read, temp_files, temp_bytes,
           (blk_read_time / 1000)::bigint, (blk_write_time / 1000)::bigint
    FROM pg_stat_database WHERE datname = current_database()
"""
TABLES = f"""
    SELECT {shown("c")},
           coalesce(s.heap_blks_hit, 0) + coalesce(s.toast_blks_hit, 0)
               + coalesce(s.tidx_blks_hit, 0),
           coalesce(s.heap_blks_read, 0) + coalesce(s.toast_blks_read, 0)
               + coalesce(s.tidx_blks_read, 0)
    FROM pg_statio_all_tables s
    JOIN pg_class c ON c.oid = s.relid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {OURS}
"""  # noqa: S608 -- made of constants
INDEXES = f"""
    SELECT {shown("c")},
           coalesce(s.idx_blks_hit, 0), coalesce(s.idx_blks_read, 0)
    FROM pg_statio_all_indexes s
    JOIN pg_class c ON c.oid = s.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {OURS}
"""  # noqa: S608 -- made of constants
# 16 and 17 count operations of op_bytes each; 18 counts bytes, and WAL as well.
STREAMS = """
    SELECT backend_type, object, context,
           coalesce(reads, 0), coalesce({read}, 0)::bigint,
           coalesce(writes, 0), coalesce({written}, 0)::bigint,
           coalesce({extended}, 0)::bigint,
           coalesce(hits, 0), coalesce(evictions, 0), coalesce(fsyncs, 0)
    FROM pg_stat_io
    WHERE coalesce(reads, 0) + coalesce(writes, 0) + coalesce(extends, 0)
        + coalesce(hits, 0) > 0
"""
STREAM_COUNTERS = (
    *("reads", "read_bytes", "writes", "written_bytes", "extended_bytes"),
    *("hits", "evictions", "fsyncs"),
)
STREAM_KEYS = 3


def traffic(connection: BaseDatabaseWrapper) -> Traffic:
    """Return the counters of this moment; any role may read them."""
    with reading(connection, name="db_io") as cursor:
        cursor.execute(DATABASE)
        at, since, is_timed, *counts = cursor.fetchone()
        database = dict(zip(DATABASE_COUNTERS, counts, strict=True))
        if not is_timed:
            del database["read_seconds"], database["write_seconds"]
        return Traffic(
            at=at,
            since=since,
            database=database,
            tables=_relations(cursor, TABLES),
            indexes=_relations(cursor, INDEXES),
            streams=_streams(cursor),
        )


def streams_query(version: int) -> str | None:
    """Return what asks a server of ``version`` (server_version_num) for pg_stat_io."""
    if version < HAS_STREAMS:
        return None
    if version < HAS_BYTES:
        return STREAMS.format(
            read="reads * op_bytes",
            written="writes * op_bytes",
            extended="extends * op_bytes",
        )
    return STREAMS.format(
        read="read_bytes", written="write_bytes", extended="extend_bytes"
    )


def _relations(cursor: CursorWrapper, query: str) -> dict[str, Counters]:
    cursor.execute(query)
    return {
        name: {"hits": hits, "reads": reads} for name, hits, reads in cursor.fetchall()
    }


def _streams(cursor: CursorWrapper) -> dict[tuple[str, str, str], Counters] | None:
    query = streams_query(cursor.db.pg_version)
    if query is None:
        return None
    cursor.execute(query)
    return dict(map(_stream, cursor.fetchall()))


def _stream(row: tuple[Any, ...]) -> tuple[tuple[str, str, str], Counters]:
    backend, target, context = row[:STREAM_KEYS]
    counters = dict(zip(STREAM_COUNTERS, row[STREAM_KEYS:], strict=True))
    return (backend, target, context), counters
