"""One operation per database at a time; the lease lies outside the database."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from dbops.engines.base import Engine

_held: ContextVar[frozenset[tuple[str, str]]] = ContextVar(
    "leases_held", default=frozenset()
)
"""Alias and target of the leases that this flow holds itself."""


def holder_of(purpose: str) -> str:
    """Return how a run is named to others that find it at work."""
    return f"{purpose} {os.getpid()}@{socket.gethostname()}"


@contextmanager
def leased(engine: Engine, purpose: str, *, target: str = "") -> Iterator[None]:
    """Hold the lease of a database while the block runs.

    ``target`` is a database that is to be created; without it the engine's own.
    Raises OperationBusyError naming the holder when another run has it. A flow that
    holds it already, such as a restore that makes a safety backup, goes on.
    """
    place = (engine.connection.alias, target or engine.database_name)
    if place in _held.get():
        yield
        return
    with engine.lock(place[1], holder_of(purpose)):
        token = _held.set(_held.get() | {place})
        try:
            yield
        finally:
            _held.reset(token)
