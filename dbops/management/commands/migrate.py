"""Django's ``migrate``, which in production names the safer way."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from dbops import conf
from dbops.maintenance.migrating import PRODUCTION

HARMLESS = ("plan", "check_unapplied", "fake", "prune")
SAFER_WAY = (
    "In production `python manage.py migration up` is the safer way: it takes the lease"
    " and a backup, and waits for locks only briefly."
)


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate all the same: whoever types it may have his reasons."""
        is_harmless = any(options[name] for name in HARMLESS)
        if conf.environment() == PRODUCTION and not is_harmless:
            self.stderr.write(SAFER_WAY)
        super().handle(*args, **options)
