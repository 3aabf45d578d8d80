#!/usr/bin/env python
"""Run StateSet's commands."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from stateset.lib.databases import LOST_DATABASE, unreachable_error

OPERATIONS = frozenset({"backup", "list_backups", "restore", "verify_backup"})
"""Commands that must start fast, and also while an admin page is broken."""


def main() -> None:
    """Run one command; a wrong setting or a lost database is told in plain words."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
    if OPERATIONS.intersection(sys.argv[1:2]):
        os.environ.setdefault("STATESET_PROCESS", "operation")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, *LOST_DATABASE) as error:
        told = _told(error)
        if told is None or "--traceback" in sys.argv:
            raise
        sys.exit(told)


def _told(error: Exception) -> str | None:
    if isinstance(error, ImproperlyConfigured):
        return f"The settings are wrong.\n  why: {error}"
    unreachable = unreachable_error()
    return None if unreachable is None else str(unreachable)


if __name__ == "__main__":
    main()
