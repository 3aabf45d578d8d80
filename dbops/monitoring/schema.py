"""The tables as the database has them, with their sizes and whose they are."""

from __future__ import annotations

from dataclasses import dataclass

from dbops.engines.registry import get_engine
from dbops.engines.verbs.space.schema import Column
from dbops.engines.verbs.space.sizes import TableSize
from dbops.monitoring.owners import NOBODY, models_by_table


@dataclass(frozen=True)
class LiveTable:
    """One table; ``model`` is the label of its model, or that it has none."""

    size: TableSize
    model: str
    columns: tuple[Column, ...]


def describe_tables(*, alias: str) -> list[LiveTable]:
    """Return the tables of one database by name; changes nothing."""
    engine = get_engine(alias)
    columns = engine.schema()
    sizes = sorted(engine.sizes().tables, key=lambda each: each.table)
    models = models_by_table()
    found = []
    for size in sizes:
        model = None if size.table.schema else models.get(size.table.name)
        label = model._meta.label if model else NOBODY
        found.append(LiveTable(size, label, columns.get(size.table, ())))
    return found
