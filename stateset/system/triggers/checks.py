"""Find an installation whose ledgers could be changed or whose audit is silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError, connections

from stateset.system.triggers import triggers_of


def check_triggers(
    app_configs: object, databases: Sequence[str] | None = None, **_: Any
) -> Sequence[checks.CheckMessage]:
    """Find triggers that should be there and are not; a database check."""
    return [
        checks.Error(
            f"Database {alias!r} lacks the trigger {name}.",
            hint="Run `python manage.py migrate`: it installs what is missing.",
            id="stateset.E010",
        )
        for alias in databases or ()
        for name in _missing(alias)
    ]


def _missing(alias: str) -> list[str]:
    try:
        return triggers_of(connections[alias]).missing(connections[alias])
    except DatabaseError:
        # A server that is down is another check's to tell.
        return []
