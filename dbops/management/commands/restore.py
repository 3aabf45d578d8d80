from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.catalogue import LATEST
from dbops.backups.restore import restore_backup
from dbops.management.choices import add_backup_choice
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "Make a new database from a backup; the live one is not touched."

    def add_arguments(self, parser: CommandParser) -> None:
        add_backup_choice(parser, "Restore")
        parser.add_argument(
            "--into",
            required=True,
            metavar="NAME",
            help="What to create: a database on the same server (PostgreSQL) or a"
            " file (SQLite); refused if it exists.",
        )
        parser.add_argument(
            "--reason", default="", help="Why it is restored; kept in the journal."
        )

    def run(
        self,
        *,
        database: str,
        id: str | None,  # noqa: A002 -- the name of the argument in cli.md
        into: str,
        reason: str,
        **_options: Any,
    ) -> Report:
        restored = restore_backup(
            backup_id=id or LATEST, into=into, alias=database, reason=reason
        )
        manifest = restored.manifest
        return Report(
            summary=f"Restored {manifest.id} into {restored.target}: {manifest.rows}"
            f" rows, all as in the manifest, in {restored.seconds} s",
            facts={
                "id": manifest.id,
                "into": restored.target,
                "tables": len(manifest.contents.tables),
                "row_count": manifest.rows,
                "seconds": restored.seconds,
            },
        )
