"""Who waits for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbops.engines.verbs.activity.sessions import Session

PREPARED = 0
"""What stands in ``blockers`` for a prepared transaction, which has no session."""


@dataclass(frozen=True)
class LockWait:
    """One session that waits: for what, since when, and whose it is.

    ``relation`` is empty where the engine does not tell it, as often for a row.
    """

    pid: int
    blockers: Sequence[int]
    locktype: str
    relation: str
    mode: str
    seconds: float


@dataclass(frozen=True)
class LockPicture:
    """All waits, the sessions in them, and prepared transactions with their remedy."""

    waits: Sequence[LockWait]
    sessions: Mapping[int, Session]
    prepared: Mapping[str, str]
    remedy: str = ""
