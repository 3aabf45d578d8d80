from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.catalogue import LATEST
from dbops.management.choices import add_backup_choice
from dbops.management.drills import report_drill
from dbops.recovery.drill import recovery_drill
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "Restore a backup on trial, check it, and measure how long recovery takes."

    def add_arguments(self, parser: CommandParser) -> None:
        add_backup_choice(
            parser,
            "Try the backup that restore --latest would take; so it is without an id.",
            is_required=False,
        )
        parser.add_argument(
            "--keep",
            action="store_true",
            help="Leave the restored database for a look, and say how to remove it.",
        )
        parser.add_argument(
            "--reason", default="", help="Why; kept in the report and the journal."
        )

    def run(
        self,
        *,
        database: str,
        id: str | None,  # noqa: A002 -- the name of the argument in cli.md
        keep: bool,
        reason: str,
        **_options: Any,
    ) -> Report:
        return report_drill(
            recovery_drill(
                backup_id=id or LATEST, alias=database, keep=keep, reason=reason
            )
        )
