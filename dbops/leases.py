"""One operation per database at a time; the lease lies outside the database."""

from __future__ import annotations

import os
import socket
from contextlib import AbstractContextManager

from dbops.engines.base import Engine


def leased(
    engine: Engine, purpose: str, *, target: str = ""
) -> AbstractContextManager[None]:
    """Hold the lease of a database while the block runs.

    ``target`` is a database that is to be created; without it the engine's own.
    Raises OperationBusyError naming the holder when another run has it.
    """
    return engine.lock(
        target or engine.database_name,
        f"{purpose} {os.getpid()}@{socket.gethostname()}",
    )
