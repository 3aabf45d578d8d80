"""Who is connected to a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Session:
    """One connection, as another role may see it: None is hidden from us.

    ``seconds`` is how long it has been in its state, ``is_ours`` that it belongs to
    a backup, a restore or another operation that must not be ended.
    """

    pid: int
    started_at: datetime | None
    user: str | None
    app: str | None
    client: str | None
    kind: str | None
    state: str | None
    wait: str | None
    seconds: float | None
    transaction_seconds: float | None
    query: str | None
    is_client: bool
    is_ours: bool


@dataclass(frozen=True)
class Sessions:
    """The sessions, and whether this role is shown those of others.

    ``used`` of ``limit`` connections of the whole server are taken; ``remedy`` is
    what a DBA does about what is hidden.
    """

    rows: Sequence[Session]
    used: int
    limit: int
    remedy: str = ""
