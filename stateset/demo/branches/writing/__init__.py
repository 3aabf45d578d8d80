"""Bring lines into the database: ``postgresql`` by COPY, ``sqlite`` by INSERT.

Both offer the same functions; the connection's vendor names the module.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Protocol, cast

from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.demo.branches.compiling import Dialect
from stateset.demo.branches.reading import Sheet


class Writer(Protocol):
    """What the module of each engine offers."""

    DIALECT: Dialect

    def write(
        self, connection: BaseDatabaseWrapper, sheet: Sheet, texts: Iterable[list[str]]
    ) -> None:
        """Write rows of a sheet's table; each list has the same row of all branches."""

    def tidy(self, connection: BaseDatabaseWrapper) -> None:
        """Tell the planner what is there now, after the transaction."""

    def size(self, connection: BaseDatabaseWrapper) -> int:
        """Return the bytes that the database takes."""


def writer_of(connection: BaseDatabaseWrapper) -> Writer:
    """Return the module of the connection's engine."""
    return cast(Writer, import_module(f"{__name__}.{connection.vendor}"))
