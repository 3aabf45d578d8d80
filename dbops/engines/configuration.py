"""From a database URL to Django's ``DATABASES`` entry, whatever the engine."""

from __future__ import annotations

from types import ModuleType

from dbops.engines.postgresql import configuration as postgresql
from dbops.engines.sqlite import configuration as sqlite

BY_SCHEME: dict[str, ModuleType] = {
    "postgres": postgresql,
    "postgresql": postgresql,
    "sqlite": sqlite,
}
BY_VENDOR: dict[str, ModuleType] = {"postgresql": postgresql, "sqlite": sqlite}
