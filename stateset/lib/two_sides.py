"""Hold two sides of the books against each other, key by key, in one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

from stateset.lib.rows import key_read

Side = QuerySet[Any, tuple[UUID, int]]
"""Rows of a key and units; a key may come any number of times."""


def differing(
    said: Sequence[Side], found: Sequence[Side], *, using: str = DEFAULT_DB_ALIAS
) -> Iterator[tuple[UUID, int, int]]:
    """Yield each key whose units on both sides do not add up to the same, and both.

    A key that one side does not have counts as nothing there. The database adds up
    and compares; only what differs is read.
    """
    connection = connections[using]
    named, values = [], []
    parts: list[str] = []
    for sides, columns in ((said, "units, 0"), (found, "0, units")):
        for side in sides:
            sql, params = side.order_by().query.get_compiler(using).as_sql()
            name = f"side{len(parts)}"
            named.append(f"{name} (line, units) AS ({sql})")
            parts.append(f"SELECT line, {columns} FROM {name}")  # noqa: S608 -- ours
            values += params
    statement = (
        f"WITH {', '.join(named)},"  # noqa: S608 -- of querysets, values apart
        f" sides (line, said, found) AS ({' UNION ALL '.join(parts)})"
        " SELECT line, SUM(said), SUM(found) FROM sides"
        " GROUP BY line HAVING SUM(said) <> SUM(found)"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for key, units, others in cursor.fetchall():
            yield key_read(key), int(units), int(others)
