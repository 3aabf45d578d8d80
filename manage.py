#!/usr/bin/env python
"""Run StateSet's commands."""

from __future__ import annotations

import os
import sys

try:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
except ModuleNotFoundError:
    sys.exit(
        "Nothing was done.\n"
        f"  why: Django is not installed for {sys.executable}\n"
        "  fix: make the environment with `make setup`, then use it:"
        " .venv/bin/python manage.py …"
    )

from stateset.lib.commands import forget_output
from stateset.lib.databases import LOST_DATABASE, unreachable_error

OPERATIONS = frozenset(
    {
        *("backup", "list_backups", "verify_backup", "restore", "prune_backups"),
        *("recovery_drill", "recovery_kit"),
        *("migration", "vacuum", "purge_records"),
        *("db_health", "db_activity", "db_locks", "db_queries"),
        *("db_sizes", "db_io", "db_indexes", "db_bloat", "db_replication"),
        *("db_schema", "db_terminate"),
    }
)
"""Commands that must start fast, and also while an admin page is broken."""


def main() -> None:
    """Run one command; a wrong setting or a lost database is told in plain words."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
    _open_closed_streams()
    if OPERATIONS.intersection(sys.argv[1:2]):
        os.environ.setdefault("STATESET_PROCESS", "operation")
    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough, as with `| head`.
        forget_output()
        sys.exit(1)
    except (ImproperlyConfigured, *LOST_DATABASE) as error:
        told = _told(error)
        if told is None or "--traceback" in sys.argv:
            raise
        sys.exit(told)


def _open_closed_streams() -> None:
    """Give a command that was started with a closed stream one that goes nowhere."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 -- stays open to the end


def _told(error: Exception) -> str | None:
    if isinstance(error, ImproperlyConfigured):
        return f"The settings are wrong.\n  why: {error}"
    unreachable = unreachable_error()
    return None if unreachable is None else str(unreachable)


if __name__ == "__main__":
    main()
