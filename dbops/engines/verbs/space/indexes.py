"""The indexes of a database and the references they should support."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbops.engines.verbs.space.names import TableName

Constraint = Literal["", "primary key", "unique", "exclusion"]


@dataclass(frozen=True)
class Index:
    """One index.

    ``columns`` are the plain names of its keys, ``""`` for an expression. ``keys``
    are the same with all that makes two of them different: operator class,
    collation, direction. ``scans`` is None where the engine does not count.
    """

    table: TableName
    name: str
    shown: str
    method: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    included: tuple[str, ...] = ()
    predicate: str = ""
    constraint: Constraint = ""
    is_unique: bool = False
    is_valid: bool = True
    is_replica_identity: bool = False
    is_of_partition: bool = False
    nulls_differ: bool = True
    size: int | None = None
    scans: int | None = None


@dataclass(frozen=True)
class ForeignKey:
    """A reference from ``columns`` of one table to another.

    ``shown_columns`` and ``parent`` are names as SQL takes them.
    """

    table: TableName
    name: str
    columns: tuple[str, ...]
    shown_columns: str
    parent: str


@dataclass(frozen=True)
class Remedies:
    """The engine's statements, with places for ``table``, ``index`` and so on."""

    create: str
    drop: str
    drop_constraint: str
    rebuild: str


@dataclass(frozen=True)
class IndexFacts:
    """All of them; ``counted_seconds`` is how long scans were counted at least.

    ``replicas`` count the scans of theirs themselves.
    """

    indexes: tuple[Index, ...]
    foreign_keys: tuple[ForeignKey, ...]
    remedies: Remedies
    counted_seconds: float | None
    replicas: int = 0
