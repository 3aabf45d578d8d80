"""The tables and columns out of the catalogue."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.reading import reading
from dbops.engines.postgresql.space.names import NAME, NAME_COLUMNS, OURS
from dbops.engines.verbs.space.names import TableName
from dbops.engines.verbs.space.schema import Column, Schema

# Unique means: a unique index, whole and valid, on this column alone.
COLUMNS = f"""
    SELECT {NAME}, a.attname::text, format_type(a.atttypid, a.atttypmod),
           NOT a.attnotnull,
           EXISTS (
               SELECT 1 FROM pg_constraint o
               WHERE o.conrelid = c.oid AND o.contype = 'p' AND a.attnum = ANY(o.conkey)
           ),
           EXISTS (
               SELECT 1 FROM pg_index i
               WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                 AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum AND i.indpred IS NULL
           ),
           coalesce((
               SELECT quote_ident(p.relname) FROM pg_constraint o
               JOIN pg_class p ON p.oid = o.confrelid
               WHERE o.conrelid = c.oid AND o.contype = 'f' AND a.attnum = ANY(o.conkey)
               ORDER BY cardinality(o.conkey), o.conname LIMIT 1
           ), '')
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a
        ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND {OURS}
    ORDER BY n.nspname, c.relname, a.attnum
"""  # noqa: S608 -- made of constants


# The names that people type; format_type spells them out.
SHORT = {
    "character varying": "varchar",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
}


def schema(connection: BaseDatabaseWrapper) -> Schema:
    """Return every table with its columns; any role may read this."""
    found: Schema = {}
    with reading(connection, name="db_schema") as cursor:
        cursor.execute(COLUMNS)
        for row in cursor.fetchall():
            table = TableName(*row[:NAME_COLUMNS])
            name, kind, *rest = row[NAME_COLUMNS:]
            column = Column(name, _short(kind), *rest)
            found[table] = (*found.get(table, ()), column)
    return found


def _short(kind: str) -> str:
    for long, short in SHORT.items():
        kind = kind.replace(long, short)
    return kind
