"""How big a database is, and what in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dbops.engines.verbs.space.names import TableName


@dataclass(frozen=True)
class TableSize:
    """One table with what belongs to it, in bytes; None is unknown.

    ``toast`` is also None where the engine keeps long values in the table itself.
    ``rows`` is the server's estimate unless ``is_counted``. ``note`` says why
    something is unknown.
    """

    table: TableName
    rows: int | None
    is_counted: bool
    heap: int | None
    indexes: int | None
    toast: int | None
    note: str = ""

    @property
    def total(self) -> int | None:
        """Return the bytes of all of it."""
        if self.heap is None or self.indexes is None:
            return None
        return self.heap + self.indexes + (self.toast or 0)


@dataclass(frozen=True)
class Sizes:
    """A database in bytes; ``parts`` are what it has besides its tables."""

    database: str
    size: int
    tables: tuple[TableSize, ...]
    parts: Mapping[str, int] = field(default_factory=dict)
