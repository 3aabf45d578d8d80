from __future__ import annotations

import textwrap
from typing import Any

from django.core.management.base import CommandParser

from dbops.monitoring.indexes import JUDGES, find_problems
from dbops.values import Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import WIDTH, Report, Row, render_value

INDENT = "  "


class Command(StatesetCommand):
    help = "Find foreign keys without index, and unused, duplicate, invalid indexes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--kind",
            choices=tuple(JUDGES),
            action="append",
            help="Look for this only; may be given several times (default: all).",
        )

    def run(self, *, database: str, kind: list[str] | None, **_options: Any) -> Report:
        picture = find_problems(alias=database, kinds=kind or ())
        found = len(picture.findings)
        return Report(
            summary=f"{found or 'No'} finding{'s' * (found != 1)} among"
            f" {picture.indexes} indexes",
            rows=[
                {
                    "kind": each.kind,
                    "table": str(each.table),
                    "name": each.name,
                    "size": None if each.size is None else Size(each.size),
                    "why": each.why,
                    "fix": each.fix,
                }
                for each in picture.findings
            ],
            notes=picture.notes,
        )

    def print_rows(self, report: Report) -> None:
        for row in report.rows:
            self.stdout.write(_paragraph(row))


def _paragraph(row: Row) -> str:
    size = "" if row["size"] is None else f", {render_value(row['size'])}"
    lines = [f"{row['kind']}: {row['name']}", f"{INDENT}of {row['table']}{size}"]
    for word in ("why", "fix"):
        lines += textwrap.wrap(
            f"{word}: {row[word]}",
            WIDTH,
            initial_indent=INDENT,
            subsequent_indent=INDENT * 3,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)
