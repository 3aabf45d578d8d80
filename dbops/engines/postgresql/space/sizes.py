"""Sizes by the catalogue; a table that somebody locks is passed over at once."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.reading import reading
from dbops.engines.postgresql.space.names import LOCKED, NAME, OURS
from dbops.engines.verbs.space.names import TableName
from dbops.engines.verbs.space.sizes import Sizes, TableSize

NOTE = "somebody locks it exclusively"
DATABASE = "SELECT current_database(), pg_database_size(current_database())"
# A partitioned table has no pages: it is the sum of its partitions. reltuples is -1
# for a table that was never analysed (since 14).
TABLES = f"""
    WITH locked AS (
        {LOCKED}
    ), members AS (
        SELECT c.oid AS root, m.oid, m.reltuples, m.reltoastrelid,
               EXISTS (
                   SELECT 1 FROM locked l
                   WHERE l.relation IN (m.oid, m.reltoastrelid) OR l.relation IN (
                       SELECT i.indexrelid FROM pg_index i
                       WHERE i.indrelid IN (m.oid, m.reltoastrelid)
                   )
               ) AS is_locked
        FROM pg_class c
        CROSS JOIN LATERAL (
            SELECT c.oid AS relid WHERE c.relkind <> 'p'
            UNION ALL
            SELECT t.relid FROM pg_partition_tree(c.oid) t
            WHERE c.relkind = 'p' AND t.isleaf AND t.relid <> c.oid
        ) part
        JOIN pg_class m ON m.oid = part.relid
        WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition
    ), measured AS (
        SELECT root, is_locked, reltuples,
               CASE WHEN NOT is_locked THEN pg_table_size(oid) END AS own,
               CASE WHEN NOT is_locked THEN pg_indexes_size(oid) END AS indexes,
               CASE WHEN NOT is_locked AND reltoastrelid <> 0
                    THEN pg_total_relation_size(reltoastrelid) ELSE 0 END AS toast
        FROM members
    ), summed AS (
        SELECT root, bool_or(is_locked) AS is_locked, bool_or(reltuples < 0) AS is_new,
               sum(reltuples) AS rows, sum(own) AS own, sum(indexes) AS indexes,
               sum(toast) AS toast
        FROM measured GROUP BY root
    )
    SELECT {NAME}, coalesce(s.is_locked, false), coalesce(s.is_new, false),
           coalesce(s.rows, 0)::bigint, coalesce(s.own, 0)::bigint,
           coalesce(s.indexes, 0)::bigint, coalesce(s.toast, 0)::bigint
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN summed s ON s.root = c.oid
    WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND {OURS}
"""  # noqa: S608 -- made of constants


def sizes(connection: BaseDatabaseWrapper) -> Sizes:
    """Return sizes and estimated rows; cost: one look at each file."""
    with reading(connection, name="db_sizes") as cursor:
        cursor.execute(DATABASE)
        database, size = cursor.fetchone()
        cursor.execute(TABLES)
        tables = [_table(*row) for row in cursor.fetchall()]
    tables.sort(key=lambda each: (-(each.total or 0), each.table))
    return Sizes(database=database, size=size, tables=tuple(tables))


def _table(
    schema: str,
    name: str,
    shown: str,
    is_locked: bool,  # noqa: FBT001 -- a column of the query
    is_new: bool,  # noqa: FBT001 -- a column of the query
    rows: int,
    own: int,
    indexes: int,
    toast: int,
) -> TableSize:
    return TableSize(
        table=TableName(schema, name, shown),
        rows=None if is_new else rows,
        is_counted=False,
        # pg_table_size has the visibility map as well, and all of the toast table.
        heap=None if is_locked else own - toast,
        indexes=None if is_locked else indexes,
        toast=None if is_locked else toast,
        note=NOTE if is_locked else "",
    )
