"""How much of the database is empty."""

from __future__ import annotations

from dbops.engines.registry import get_engine
from dbops.engines.verbs.space.bloat import Bloat, BloatFacts


def measure_bloat(*, alias: str, table: str | None = None) -> BloatFacts:
    """Estimate all tables, or measure one; changes nothing.

    Raises TableNotFoundError.
    """
    engine = get_engine(alias)
    return engine.bloat() if table is None else engine.exact_bloat(table)


def emptiest(relations: tuple[Bloat, ...]) -> list[Bloat]:
    """Return them by what is empty, the unknown ones last and the biggest first."""
    return sorted(
        relations,
        key=lambda each: (
            each.bloat is None,
            -(each.bloat or 0),
            -(each.size or 0),
            each.table,
            each.index,
        ),
    )
