from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.maintenance.purge import PurgeResult, purge_records
from dbops.values import Ago
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "Delete records whose time is over; shows what it would delete first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "rules", nargs="*", metavar="RULE", help="The rules (default: all of them)."
        )
        parser.add_argument(
            "--apply", action="store_true", help="Delete, instead of counting only."
        )

    def acts(self, *, apply: bool, **_options: Any) -> bool:
        return apply

    def run(
        self, *, database: str, rules: list[str], apply: bool, **_options: Any
    ) -> Report:
        result = purge_records(rules=rules, apply=apply, alias=database)
        return Report(summary=result.summary, rows=_rows(result))


def _rows(result: PurgeResult) -> list[dict[str, Any]]:
    return [
        {
            "rule": part.rule.name,
            "table": part.table,
            "before": Ago.of(part.before),
            **(
                {"deleted": part.deleted, "kept": part.kept}
                if result.is_applied
                else {"rows": part.found}
            ),
        }
        for part in result.parts
    ]
