"""The development server, which migrates first if APP__AUTO_MIGRATE says so."""

from __future__ import annotations

from django.contrib.staticfiles.management.commands import runserver
from django.core.management.base import CommandError

from dbops.maintenance.auto_migrate import migrate_at_start
from stateset.lib.databases import LOST_DATABASE, unreachable_error
from stateset.lib.errors import StatesetError


class Command(runserver.Command):
    def check_migrations(self) -> None:
        """Migrate or tell what is waiting; without a database, serve all the same."""
        try:
            migrate_at_start()
            super().check_migrations()
        except StatesetError as error:
            raise CommandError(str(error), returncode=error.exit_code) from error
        except LOST_DATABASE:
            unreachable = unreachable_error()
            if unreachable is None:
                raise
            self.stderr.write(str(unreachable))
