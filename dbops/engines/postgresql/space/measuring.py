"""One table measured page by page, by the extension pgstattuple."""

from __future__ import annotations

from django.db import ProgrammingError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.postgresql.connect import quoted
from dbops.engines.postgresql.reading import reading
from dbops.engines.postgresql.space.bloat import HINT
from dbops.engines.postgresql.space.names import NAME, NAME_COLUMNS, OURS, shown
from dbops.engines.verbs.space.bloat import Bloat, BloatFacts
from dbops.engines.verbs.space.names import TableName, find_table

NO_EXTENSION = (
    "the extension pgstattuple is not in this database; its owner or a superuser"
    " types: CREATE EXTENSION pgstattuple"
)
NO_PRIVILEGE = (
    "this role may not measure; a superuser types: GRANT pg_stat_scan_tables TO {role}"
)
EXTENSION = """
    SELECT quote_ident(n.nspname) FROM pg_extension e
    JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pgstattuple'
"""
TABLES = f"""
    SELECT {NAME}, c.oid FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND {OURS}
"""  # noqa: S608 -- made of constants
HEAP = "SELECT table_len, free_space + dead_tuple_len FROM {}.pgstattuple(%s::regclass)"
BTREES = f"""
    SELECT {shown("ci")}, ci.oid,
           coalesce((SELECT option_value::float FROM pg_options_to_table(ci.reloptions)
                     WHERE option_name = 'fillfactor'), 90)
    FROM pg_index i
    JOIN pg_class ci ON ci.oid = i.indexrelid AND ci.relkind = 'i'
    JOIN pg_am am ON am.oid = ci.relam AND am.amname = 'btree'
    JOIN pg_namespace n ON n.oid = ci.relnamespace
    WHERE i.indrelid = %s AND i.indisvalid
    ORDER BY 1
"""  # noqa: S608 -- made of constants
# Leaves that are less full than a new index's, and pages that hold nothing.
BTREE = """
    SELECT index_size, (
        (empty_pages + deleted_pages) * current_setting('block_size')::float
        + CASE WHEN leaf_pages = 0 THEN 0 ELSE
            leaf_pages * current_setting('block_size')::float
            * greatest(0, 1 - avg_leaf_density / %s)
          END
    )::bigint
    FROM {}.pgstatindex(%s::regclass)
"""


def exact_bloat(connection: BaseDatabaseWrapper, given: str) -> BloatFacts:
    """Measure one table and its B-trees; cost: reading them whole."""
    with reading(connection, name="db_bloat") as cursor:
        table, oid = _find(cursor, given)
        cursor.execute(EXTENSION)
        found = cursor.fetchone()
        if found is None:
            return _unknown(table, NO_EXTENSION)
        try:
            return BloatFacts(tuple(_measure(cursor, found[0], table, oid)), HINT)
        except ProgrammingError as error:
            if getattr(error.__cause__, "sqlstate", None) != "42501":
                raise
    role = quoted(str(connection.settings_dict["USER"]))
    return _unknown(table, NO_PRIVILEGE.format(role=role))


def _find(cursor: CursorWrapper, given: str) -> tuple[TableName, int]:
    cursor.execute(TABLES)
    oids = {TableName(*row[:NAME_COLUMNS]): row[NAME_COLUMNS] for row in cursor}
    table = find_table(oids, given)
    return table, oids[table]


def _measure(
    cursor: CursorWrapper, place: str, table: TableName, oid: int
) -> list[Bloat]:
    cursor.execute(HEAP.format(place), [oid])
    size, empty = cursor.fetchone()
    found = [Bloat(table, "", size, empty, "measured")]
    cursor.execute(BTREES, [oid])
    for index, index_oid, fillfactor in cursor.fetchall():
        cursor.execute(BTREE.format(place), [fillfactor, index_oid])
        size, empty = cursor.fetchone()
        found.append(Bloat(table, index, size, empty, "measured"))
    return found


def _unknown(table: TableName, note: str) -> BloatFacts:
    return BloatFacts((Bloat(table, "", None, None, "unknown", note),), HINT)
