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
    """Limits of one connection, in seconds; 0 is no limit, no pool is none."""

    application_name: str
    connect_timeout: int
    statement_timeout: int = 0
    pool: Pool | None = None
