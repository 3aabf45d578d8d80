"""What autovacuum knows of each table, and when it would come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.connect import session
from dbops.engines.verbs.care import Upkeep

SETTINGS = """
    SELECT name, setting::float8 FROM pg_catalog.pg_settings
    WHERE name ~ '^autovacuum_.*(threshold|scale_factor)$'
"""
# pg_class, pg_stat_all_tables: columns unchanged since 14; reltuples is -1 before the
# first vacuum. A size waits for whoever has the table to himself, so it is not asked
# for then. Partitions are vacuumed with their parent.
TABLES = """
    SELECT
        c.oid::regclass::text,
        CASE WHEN NOT EXISTS (
            SELECT FROM pg_catalog.pg_locks l
            WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock' AND l.granted)
        THEN pg_total_relation_size(c.oid) END,
        greatest(c.reltuples, 0),
        (SELECT jsonb_object_agg(option_name, option_value)::text
         FROM pg_options_to_table(c.reloptions)),
        s.n_dead_tup, s.n_ins_since_vacuum, s.n_mod_since_analyze,
        greatest(s.last_vacuum, s.last_autovacuum),
        greatest(s.last_analyze, s.last_autoanalyze)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
    WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition
      AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    ORDER BY s.n_dead_tup DESC NULLS LAST, 1
"""


def read_upkeep(connection: BaseDatabaseWrapper) -> list[Upkeep]:
    """Ask once for all tables, those in need first; any role may."""
    with session(connection, name="vacuum") as own, own.cursor() as cursor:
        cursor.execute(SETTINGS)
        settings = dict(cursor.fetchall())
        cursor.execute(TABLES)
        rows = [_upkeep(row, settings) for row in cursor.fetchall()]
    return sorted(rows, key=lambda row: not row.why)


def _upkeep(row: tuple[Any, ...], settings: Mapping[str, float]) -> Upkeep:
    table, size, rows, options, dead, inserted, modified, *moments = row
    limits = {**settings, **_numbers(options)}
    threshold = _threshold(limits, "autovacuum_vacuum", rows)
    inserts = _threshold(limits, "autovacuum_vacuum_insert", rows)
    changes = _threshold(limits, "autovacuum_analyze", rows)
    reasons = (
        ("dead rows", _exceeds(dead, threshold)),
        ("new rows", _exceeds(inserted, inserts)),
        ("old stats", _exceeds(modified, changes)),
    )
    return Upkeep(
        table=table,
        size_bytes=size,
        why=next((reason for reason, holds in reasons if holds), ""),
        dead_rows=dead,
        threshold=None if threshold is None else int(threshold),
        vacuumed_at=moments[0],
        analyzed_at=moments[1],
    )


def _threshold(limits: Mapping[str, float], kind: str, rows: float) -> float | None:
    """Return how many rows autovacuum waits for; None if it does not for these."""
    base = limits[f"{kind}_threshold"]
    if base < 0:
        return None
    count = base + limits[f"{kind}_scale_factor"] * rows
    # There from 18 on.
    most = limits.get(f"{kind}_max_threshold", -1)
    return count if most < 0 else min(most, count)


def _exceeds(count: int | None, threshold: float | None) -> bool:
    return count is not None and threshold is not None and count > threshold


def _numbers(options: str | None) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in json.loads(options or "{}").items()
        if name.endswith(("_threshold", "_scale_factor"))
    }
