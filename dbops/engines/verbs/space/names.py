"""What a table is called, however odd its name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dbops.errors import TableNotFoundError


@dataclass(frozen=True, order=True)
class TableName:
    """A table of a schema; ``shown`` is its name as SQL takes it.

    The default schema is ``""``, so that Django's ``db_table`` is the name there.
    """

    schema: str
    name: str
    shown: str = field(compare=False)

    def __str__(self) -> str:
        return self.shown


def find_table(tables: Iterable[TableName], given: str) -> TableName:
    """Return the table a person means: as SQL takes it, or with its name as it is.

    Raises TableNotFoundError.
    """
    ways: list[dict[str, TableName]] = [{}, {}, {}]
    for table in tables:
        ways[0][table.shown] = table
        ways[1][f"{table.schema}.{table.name}".removeprefix(".")] = table
        ways[2].setdefault(table.name, table)
    for way in ways:
        if given in way:
            return way[given]
    raise TableNotFoundError(
        f"There is no table {given!r}.",
        why="the database has none of this name",
        fix="see the names with db_sizes",
    )
