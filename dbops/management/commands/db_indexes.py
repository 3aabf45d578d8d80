from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.management.choices import noted
from dbops.monitoring.indexes import JUDGES, Finding, find_problems
from dbops.values import Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Row, Section


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
            facts={"notes": list(picture.notes)},
            rows=[_row(each) for each in picture.findings],
            sections=(
                Section([_shown(each) for each in picture.findings], below="why"),
                noted(picture.notes),
            ),
        )


def _row(each: Finding) -> Row:
    return {
        "kind": each.kind,
        "table": str(each.table),
        "name": each.name,
        "size": Size.of(each.size),
        "why": each.why,
        "fix": each.fix,
    }


def _shown(each: Finding) -> Row:
    size = "" if each.size is None else f", {Size(each.size)}"
    return {
        "kind": each.kind,
        "name": each.name,
        "why": f"of {each.table}{size}: {each.why}. To mend it: {each.fix}",
    }
