"""Databases beside the live one, under aliases of their own while a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from dbops.engines.base import Engine

RESTORED, OLD = "restored", "replaced"


@contextmanager
def beside(engine: Engine, alias: str, name: str) -> Iterator[str]:
    """Let Django open the database ``name`` as ``alias``; it is closed at the end."""
    connections.databases[alias] = engine.settings_of(name)
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.databases[alias]
