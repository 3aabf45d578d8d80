"""Indexes and references out of the catalogue."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.reading import reading
from dbops.engines.postgresql.space.names import (
    LOCKED,
    NAME,
    NAME_COLUMNS,
    OURS,
    shown,
)
from dbops.engines.verbs.space.indexes import (
    Constraint,
    ForeignKey,
    Index,
    IndexFacts,
    Remedies,
)
from dbops.engines.verbs.space.names import TableName

# A whole row of pg_index as JSON: indnullsnotdistinct came with 15. What a locked
# table's expressions are is not deparsed, which opens it; so they equal no others.
INDEXES = f"""
    WITH locked AS ({LOCKED})
    SELECT {NAME}, ci.relname::text,
           {shown("ci")},
           am.amname::text, k.columns, k.keys, k.included,
           coalesce(CASE WHEN b.is_locked THEN i.indpred::text
                         ELSE pg_get_expr(i.indpred, i.indrelid) END, ''),
           coalesce((
               SELECT o.contype::text FROM pg_constraint o
               WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x') LIMIT 1
           ), ''),
           i.indisunique, i.indisvalid AND i.indisready, i.indisreplident,
           ci.relispartition,
           NOT coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false),
           CASE WHEN NOT b.is_locked THEN pg_relation_size(ci.oid) END,
           CASE ci.relkind WHEN 'i' THEN pg_stat_get_numscans(ci.oid) END
    FROM pg_index i
    JOIN pg_class ci ON ci.oid = i.indexrelid
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_am am ON am.oid = ci.relam
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT 1 FROM locked l WHERE l.relation IN (i.indexrelid, i.indrelid)
        ) AS is_locked
    ) b
    CROSS JOIN LATERAL (
        SELECT
            array_agg(coalesce(a.attname, '')::text ORDER BY p)
                FILTER (WHERE p < i.indnkeyatts) AS columns,
            array_agg(concat_ws(
                ' ', CASE WHEN a.attname IS NOT NULL THEN quote_ident(a.attname)
                          WHEN b.is_locked THEN i.indexprs::text
                          ELSE pg_get_indexdef(i.indexrelid, p + 1, true) END,
                i.indclass[p]::text, i.indcollation[p]::text, i.indoption[p]::text
            ) ORDER BY p) FILTER (WHERE p < i.indnkeyatts) AS keys,
            coalesce(array_agg(a.attname::text ORDER BY p)
                FILTER (WHERE p >= i.indnkeyatts), '{{}}') AS included
        FROM generate_series(0, i.indnatts - 1) p
        LEFT JOIN pg_attribute a
            ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p] AND a.attnum > 0
    ) k
    WHERE {OURS} AND c.relkind IN ('r', 'm', 'p')
    ORDER BY n.nspname, c.relname, ci.relname
"""  # noqa: S608 -- made of constants
# A partition's copy of its parent's reference is not a second one.
FOREIGN_KEYS = f"""
    SELECT {NAME}, o.conname::text,
           (SELECT array_agg(a.attname::text ORDER BY k.position)
            FROM unnest(o.conkey) WITH ORDINALITY k (attnum, position)
            JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.attnum),
           (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.position)
            FROM unnest(o.conkey) WITH ORDINALITY k (attnum, position)
            JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.attnum),
           (SELECT quote_ident(p.relname) FROM pg_class p WHERE p.oid = o.confrelid)
    FROM pg_constraint o
    JOIN pg_class c ON c.oid = o.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE o.contype = 'f' AND o.conparentid = 0 AND {OURS}
    ORDER BY n.nspname, c.relname, o.conname
"""  # noqa: S608 -- made of constants
# Since 15 stats_reset is empty until somebody resets, and a crash empties it: then
# only what was counted since the start is certain.
COUNTED = """
    SELECT extract(epoch FROM clock_timestamp()
               - coalesce(stats_reset, pg_postmaster_start_time()))::float,
           (SELECT count(*) FROM pg_stat_replication)
    FROM pg_stat_database WHERE datname = current_database()
"""
REMEDIES = Remedies(
    create="CREATE INDEX CONCURRENTLY ON {table} ({columns})",
    drop="DROP INDEX CONCURRENTLY {index}",
    drop_constraint="ALTER TABLE {table} DROP CONSTRAINT {constraint}",
    rebuild="when nothing builds it any more, REINDEX INDEX CONCURRENTLY {index}",
)
CONSTRAINTS: dict[str, Constraint] = {
    "": "",
    "p": "primary key",
    "u": "unique",
    "x": "exclusion",
}


def index_facts(connection: BaseDatabaseWrapper) -> IndexFacts:
    """Return what the catalogue says; any role may read it."""
    with reading(connection, name="db_indexes") as cursor:
        cursor.execute(COUNTED)
        counted_seconds, replicas = cursor.fetchone()
        cursor.execute(INDEXES)
        indexes = tuple(map(_index, cursor.fetchall()))
        cursor.execute(FOREIGN_KEYS)
        foreign_keys = tuple(map(_foreign_key, cursor.fetchall()))
    return IndexFacts(indexes, foreign_keys, REMEDIES, counted_seconds, replicas)


def _index(row: tuple[Any, ...]) -> Index:
    name, shown, method, columns, keys, included = row[NAME_COLUMNS : NAME_COLUMNS + 6]
    predicate, contype, is_unique, is_valid, *rest = row[NAME_COLUMNS + 6 :]
    is_replica_identity, is_of_partition, nulls_differ, size, scans = rest
    return Index(
        table=TableName(*row[:NAME_COLUMNS]),
        name=name,
        shown=shown,
        method=method,
        columns=tuple(columns),
        keys=tuple(keys),
        included=tuple(included),
        predicate=predicate,
        constraint=CONSTRAINTS[contype],
        is_unique=is_unique,
        is_valid=is_valid,
        is_replica_identity=is_replica_identity,
        is_of_partition=is_of_partition,
        nulls_differ=nulls_differ,
        size=size,
        scans=scans,
    )


def _foreign_key(row: tuple[Any, ...]) -> ForeignKey:
    name, columns, shown_columns, parent = row[NAME_COLUMNS:]
    table = TableName(*row[:NAME_COLUMNS])
    return ForeignKey(table, name, tuple(columns), shown_columns, parent)
