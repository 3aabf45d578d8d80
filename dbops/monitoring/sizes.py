"""How big the database is, by table and by app."""

from __future__ import annotations

from dataclasses import dataclass

from dbops.engines.registry import get_engine
from dbops.engines.verbs.space.sizes import Sizes, TableSize
from dbops.monitoring.owners import app_of, models_by_table


@dataclass(frozen=True)
class AppSize:
    """The tables of one app together; None is unknown."""

    app: str
    tables: int
    total: int | None


def measure_sizes(*, alias: str) -> Sizes:
    """Return the sizes of one database; changes nothing."""
    return get_engine(alias).sizes()


def by_app(tables: tuple[TableSize, ...]) -> list[AppSize]:
    """Return the same by app, the biggest first."""
    models = models_by_table()
    groups: dict[str, list[TableSize]] = {}
    for each in tables:
        groups.setdefault(app_of(each.table, models), []).append(each)
    found = [AppSize(app, len(own), _total(own)) for app, own in groups.items()]
    return sorted(found, key=lambda each: (-(each.total or 0), each.app))


def _total(tables: list[TableSize]) -> int | None:
    known = [each.total for each in tables if each.total is not None]
    return sum(known) if len(known) == len(tables) else None
