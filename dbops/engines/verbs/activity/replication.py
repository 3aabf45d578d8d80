"""Who copies a database, and whom it is a copy of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sender:
    """One replica that is connected; bytes are what it is behind, None is hidden."""

    app: str
    client: str | None
    state: str | None
    sync: str | None
    unsent_bytes: int | None
    unwritten_bytes: int | None
    unflushed_bytes: int | None
    unreplayed_bytes: int | None
    replay_seconds: float | None


@dataclass(frozen=True)
class Slot:
    """One promise to keep the log for somebody, who may have gone."""

    name: str
    kind: str
    is_active: bool
    retained_bytes: int | None
    log_state: str | None


@dataclass(frozen=True)
class Receiver:
    """What a replica knows of itself; ``is_connected`` None is hidden.

    Bytes received and not replayed say nothing where it is not connected.
    """

    is_connected: bool | None
    primary: str | None
    unreplayed_bytes: int | None
    last_message_seconds: float | None
    last_replay_seconds: float | None


@dataclass(frozen=True)
class Replication:
    """Everything about copies; ``receiver`` is there on a replica only."""

    senders: Sequence[Sender] = ()
    slots: Sequence[Slot] = ()
    receiver: Receiver | None = None
    remedy: str = ""
