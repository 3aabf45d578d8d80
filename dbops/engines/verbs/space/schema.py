"""The tables as the database has them."""

from __future__ import annotations

from dataclasses import dataclass

from dbops.engines.verbs.space.names import TableName


@dataclass(frozen=True)
class Column:
    """One column; ``references`` is the table it points to, if any."""

    name: str
    type: str
    is_nullable: bool
    is_primary: bool
    is_unique: bool
    references: str = ""


Schema = dict[TableName, tuple[Column, ...]]
