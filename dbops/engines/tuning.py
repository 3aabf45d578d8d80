"""What an operator can tune about connections, in words every engine knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pool:
    """Limits of the connection pool of one process, in connections and seconds."""

    min_size: int
    max_size: int
    acquire_timeout: float
    idle_timeout: float


@dataclass(frozen=True)
class Tuning:
    """Limits of one connection, in seconds; 0 is no limit, no pool is none.

    ``prepare_threshold`` is after how many runs a statement is prepared, 0 never.
    """

    application_name: str
    connect_timeout: int
    statement_timeout: int = 0
    pool: Pool | None = None
    is_behind_pooler: bool = False
    prepare_threshold: int = 0


@dataclass(frozen=True)
class Conflict:
    """Settings that do not go together: a predicate of the database, and its remedy.

    One that is not certain depends on the other end's version or settings.
    """

    what: str
    remedy: str
    is_certain: bool = True
