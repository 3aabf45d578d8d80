"""How much of tables and B-trees is empty.

The estimate is the well-known one (ioguix, check_postgres): the pages that the rows
need by the planner's statistics, against the pages there are. Dead rows are not
asked: what vacuum has cleared and nothing has filled since is empty all the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.postgresql.reading import reading
from dbops.engines.postgresql.space.names import NAME, NAME_COLUMNS, OURS, shown
from dbops.engines.verbs.space.bloat import Bloat, BloatFacts, Certainty
from dbops.engines.verbs.space.names import TableName

HINT = "vacuum TABLE --full --confirm TABLE packs a table anew; it locks it meanwhile"
FORBIDDEN = "this role may not read the table, so not its statistics"
NOT_ANALYSED = "never analysed, which vacuum does"
NOT_KNOWN = "columns of type name are stored wider than the statistics say"

# Sizes of PostgreSQL's structures on 64 bits: storage/bufpage.h, access/htup_details.h,
# access/itup.h, access/nbtree.h; since 8.3 the same.
ALIGNMENT = 8
PAGE_HEADER = 24
ITEM_POINTER = 4
ROW_HEADER = 23
BTREE_SPECIAL = 16
BTREE_META_PAGES = 1
ENTRY_HEADER = 8
ENTRY_NULLS = 4
HEAP_FILLFACTOR = 100
BTREE_FILLFACTOR = 90
SHORT_VARLENA = 126

FILLFACTOR = """
    (SELECT option_value::int FROM pg_options_to_table({}.reloptions)
     WHERE option_name = 'fillfactor')
"""
STATISTICS = """
    json_agg(json_build_object(
        'width', s.avg_width, 'nulls', s.null_frac, 'length', a.attlen,
        'alignment', a.attalign, 'is_name', a.atttypid = 'name'::regtype
    ) ORDER BY a.attnum)::text
"""
HEAPS = f"""
    SELECT {NAME}, '', has_table_privilege(c.oid, 'SELECT'), false,
           current_setting('block_size')::int, c.relpages, c.reltuples::float,
           {FILLFACTOR.format("c")}, {STATISTICS}
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a
        ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_stats s
        ON s.schemaname = n.nspname AND s.tablename = c.relname
        AND s.attname = a.attname AND NOT s.inherited
    WHERE c.relkind IN ('r', 'm') AND {OURS}
    GROUP BY n.nspname, c.oid, c.relname, c.relpages, c.reltuples, c.reloptions
"""  # noqa: S608 -- made of constants
# The statistics of a key are those of the table's column, of an expression the
# index's own. One that holds equal keys packs them together (since 13).
BTREES = f"""
    SELECT {NAME}, {shown("ci")}, has_table_privilege(c.oid, 'SELECT'),
           NOT i.indisunique, current_setting('block_size')::int,
           ci.relpages, ci.reltuples::float, {FILLFACTOR.format("ci")}, {STATISTICS}
    FROM pg_index i
    JOIN pg_class ci ON ci.oid = i.indexrelid AND ci.relkind = 'i'
    JOIN pg_am am ON am.oid = ci.relam AND am.amname = 'btree'
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = ci.oid
    LEFT JOIN pg_attribute ta
        ON ta.attrelid = c.oid AND ta.attnum > 0 AND ta.attnum = i.indkey[a.attnum - 1]
    LEFT JOIN pg_stats s
        ON s.schemaname = n.nspname AND NOT s.inherited
        AND s.tablename = CASE WHEN ta.attnum IS NULL THEN ci.relname ELSE c.relname END
        AND s.attname = coalesce(ta.attname, a.attname)
    WHERE {OURS}
    GROUP BY n.nspname, c.oid, c.relname, ci.relname, ci.relpages, ci.reltuples,
             ci.reloptions, i.indisunique
"""  # noqa: S608 -- made of constants


@dataclass(frozen=True)
class Statistics:
    """What the planner knows of a table or a B-tree; columns in their order."""

    block: int
    pages: int
    rows: float
    fillfactor: int
    columns: list[dict[str, Any]]


def bloat(connection: BaseDatabaseWrapper) -> BloatFacts:
    """Estimate every table and B-tree by statistics alone; no table is read."""
    with reading(connection, name="db_bloat") as cursor:
        heaps = _estimates(cursor, HEAPS)
        btrees = _estimates(cursor, BTREES)
    return BloatFacts((*heaps, *btrees), HINT)


def heap_pages(heap: Statistics) -> int:
    """Return how many pages the rows of a table need."""
    nulls = math.ceil(len(heap.columns) / 8) if _has_nulls(heap.columns) else 0
    row = aligned(ROW_HEADER + nulls) + aligned(row_width(heap.columns))
    room = (heap.block - PAGE_HEADER) * heap.fillfactor / 100
    return math.ceil(heap.rows / max(math.floor(room / (row + ITEM_POINTER)), 1))


def btree_pages(btree: Statistics) -> int:
    """Return how many pages the entries of a B-tree need, if no two are equal."""
    nulls = ENTRY_NULLS if _has_nulls(btree.columns) else 0
    entry = aligned(ENTRY_HEADER + nulls) + aligned(row_width(btree.columns))
    room = (btree.block - PAGE_HEADER - BTREE_SPECIAL) * btree.fillfactor / 100
    per_page = max(math.floor(room / (entry + ITEM_POINTER)), 1)
    leaves = math.ceil(btree.rows / per_page)
    # Above every so many leaves stands one page that points to them.
    inner, level = 0, leaves
    while level > 1:
        level = math.ceil(level / max(per_page, 2))
        inner += level
    return BTREE_META_PAGES + max(leaves, 1) + inner


def row_width(columns: Iterable[dict[str, Any]]) -> float:
    """Return the mean bytes of the columns with what aligns each of them."""
    width = 0.0
    for column in columns:
        step = {"c": 1, "s": 2, "i": 4, "d": 8}[column["alignment"]]
        if column["length"] < 0 and column["width"] <= SHORT_VARLENA:
            step = 1
        padded = math.ceil(width / step) * step
        width += (padded - width + column["width"]) * (1 - column["nulls"])
    return width


def aligned(width: float) -> int:
    """Return a width as memory is given out: in eights."""
    return math.ceil(width / ALIGNMENT) * ALIGNMENT


def _has_nulls(columns: Iterable[dict[str, Any]]) -> bool:
    return any(column["nulls"] > 0 for column in columns)


def _estimates(cursor: CursorWrapper, query: str) -> list[Bloat]:
    cursor.execute(query)
    return [_estimate(*row) for row in cursor.fetchall()]


def _estimate(*row: Any) -> Bloat:
    table = TableName(*row[:NAME_COLUMNS])
    index, is_readable, is_packed, block, pages, rows, fillfactor, text = row[
        NAME_COLUMNS:
    ]
    columns = json.loads(text)
    default = BTREE_FILLFACTOR if index else HEAP_FILLFACTOR
    found = Statistics(block, pages, rows, fillfactor or default, columns)
    # Both are of the last vacuum or analyze, and mean nothing before the first.
    size = None if rows < 0 else block * pages
    note = _why_unknown(found, is_readable=is_readable)
    if note:
        return Bloat(table, index, size, None, "unknown", note)
    if rows == 0:
        needed = BTREE_META_PAGES if index else 0
    else:
        needed = btree_pages(found) if index else heap_pages(found)
    certainty: Certainty = "at least" if is_packed else "estimated"
    return Bloat(table, index, size, block * max(pages - needed, 0), certainty)


def _why_unknown(found: Statistics, *, is_readable: bool) -> str:
    if found.rows == 0:
        return ""
    if not is_readable:
        return FORBIDDEN
    if found.rows < 0 or any(column["width"] is None for column in found.columns):
        return NOT_ANALYSED
    if any(column["is_name"] for column in found.columns):
        return NOT_KNOWN
    return ""
