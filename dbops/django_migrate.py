"""Django's own ``migrate``, run by our flows."""

from __future__ import annotations

import sys

from django.core.management import call_command
from django.core.management.commands import migrate as django_migrate


def run_django_migrate(alias: str, *arguments: str) -> None:
    """Run Django's own ``migrate``, which also tells all apps of it."""
    call_command(
        django_migrate.Command(),
        *arguments,
        database=alias,
        interactive=False,
        verbosity=1 if sys.stderr.isatty() else 0,
        stdout=sys.stderr,
    )
