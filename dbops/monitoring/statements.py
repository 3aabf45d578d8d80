"""Which statements a database has spent its time on."""

from __future__ import annotations

from dataclasses import replace

from django.db import DEFAULT_DB_ALIAS

from dbops.engines.registry import get_engine
from dbops.engines.verbs.activity import Order
from dbops.engines.verbs.activity.statements import Statements
from dbops.monitoring.masking import shown_statement

LIMIT = 10


def read_statements(
    alias: str = DEFAULT_DB_ALIAS, *, by: Order = "total", limit: int = LIMIT
) -> Statements | None:
    """Return the costliest statements since the counters began; None without any.

    The server keeps no values in most texts; those it keeps are masked here.
    """
    found = get_engine(alias).statements(by=by, limit=limit)
    if found is None:
        return None
    rows = [replace(row, query=shown_statement(row.query)) for row in found.rows]
    return replace(found, rows=rows)
