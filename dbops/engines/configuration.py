"""From a database URL to Django's ``DATABASES`` entry, whatever the engine."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql import configuration as postgresql
from dbops.engines.sqlite import configuration as sqlite

BY_SCHEME: dict[str, ModuleType] = {
    "postgres": postgresql,
    "postgresql": postgresql,
    "sqlite": sqlite,
}
BY_VENDOR: dict[str, ModuleType] = {"postgresql": postgresql, "sqlite": sqlite}


def on_connection_created(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Give each new connection what its engine needs beside its settings."""
    BY_VENDOR[connection.vendor].prepare_connection(connection)
