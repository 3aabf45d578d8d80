from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from dbops.engines.verbs.care import Upkeep, Vacuumed
from dbops.maintenance.vacuum import (
    VacuumResult,
    plan_full,
    plan_vacuum,
    vacuum_database,
    vacuum_full,
)
from dbops.values import Age, Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.errors import UsageError
from stateset.lib.reports import Report

NEVER = "never"


class Command(StatesetCommand):
    help = "Vacuum and analyze the tables while others work."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "tables",
            nargs="*",
            metavar="TABLE",
            help="The tables (default: all of them; on SQLite always the whole file).",
        )
        parser.add_argument(
            "--plan",
            action="store_true",
            help="Show what each table needs and why, and change nothing.",
        )
        parser.add_argument(
            "--full",
            action="store_true",
            help="Write one table anew, on SQLite the file, and so give its free space"
            " back; nobody can use it meanwhile.",
        )
        parser.add_argument(
            "--confirm",
            metavar="TABLE",
            help="The table once more (on SQLite the file's base name), for --full.",
        )

    def acts(self, *, plan: bool, **_options: Any) -> bool:
        return not plan

    def run(
        self,
        *,
        database: str,
        tables: list[str],
        plan: bool,
        full: bool,
        confirm: str | None,
        **_options: Any,
    ) -> Report:
        if plan:
            return _planned(plan_vacuum(alias=database, tables=tables))
        if full:
            return self._full(database, tables, confirm)
        result = vacuum_database(alias=database, tables=tables)
        if tables:
            return _done(result, result.tables, exit_code=1 if result.skipped else 0)
        # A nightly log wants what was left out, not a line for each table.
        return _done(result, result.skipped, exit_code=int(result.is_all_skipped))

    def _full(self, database: str, tables: list[str], confirm: str | None) -> Report:
        if len(tables) > 1:
            raise UsageError(
                "Nothing was vacuumed.",
                why=f"--full takes one table, not {len(tables)}",
                fix="run it once for each",
            )
        known = plan_full(alias=database, table="".join(tables))
        size = "about as much" if known.size_bytes is None else Size(known.size_bytes)
        self.confirm(
            f"This writes {known.table} anew ({size}). Nobody can read or write it\n"
            f"meanwhile, and room for a second copy of that size is needed.",
            name=known.table,
            given=confirm,
        )
        return _done(vacuum_full(alias=database, table=known.table))


def _planned(tables: list[Upkeep]) -> Report:
    needy = sum(bool(each.why) for each in tables)
    rows = [
        {
            "table": each.table,
            "size": None if each.size_bytes is None else Size(each.size_bytes),
            "dead": each.dead_rows,
            "limit": each.threshold,
            "vacuum": _last(each.vacuumed_at),
            "analyze": _last(each.analyzed_at),
            "why": each.why,
        }
        for each in tables
    ]
    if all(each.dead_rows is None for each in tables):
        # This engine counts none, so it has no times either.
        rows = [{key: row[key] for key in ("table", "size", "why")} for row in rows]
    return Report(summary=f"{needy} of {len(tables)} in need of it", rows=rows)


def _last(moment: datetime | None) -> Age | str:
    return NEVER if moment is None else Age.of(moment)


def _done(
    result: VacuumResult, shown: Sequence[Vacuumed] = (), *, exit_code: int = 0
) -> Report:
    return Report(
        summary=result.summary,
        facts={
            "vacuumed": len(result.tables) - len(result.skipped),
            "skipped": len(result.skipped),
        },
        rows=[
            {
                "table": each.table,
                "state": "skipped" if each.skipped else "vacuumed",
                "seconds": each.seconds,
                "why": each.skipped,
            }
            for each in shown
        ],
        exit_code=exit_code,
    )
