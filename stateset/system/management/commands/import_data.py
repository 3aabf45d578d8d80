"""Import a CSV or XLSX file into a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report
from stateset.system.importing.flow import import_file


class Command(StatesetCommand):
    help = "Import a CSV or XLSX file into a model: all of it, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="The model, as in orders.customer.")
        parser.add_argument("file", type=Path, help="The CSV or XLSX file.")
        parser.add_argument(
            "--mapping", type=Path, help="A TOML file that maps its columns to ours."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Check every row, write nothing."
        )

    def run(
        self,
        *,
        model: str,
        file: Path,
        mapping: Path | None,
        dry_run: bool,
        **options: Any,
    ) -> Report:
        outcome = import_file(model, file, mapping=mapping, is_dry_run=dry_run)
        return Report(
            summary=f"{'Checked' if dry_run else 'Imported'} {outcome}",
            facts={
                "source": outcome.source,
                "created": outcome.created,
                "updated": outcome.updated,
                "unchanged": outcome.unchanged,
                "dry_run": dry_run,
            },
        )
