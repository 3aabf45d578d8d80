from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from dbops.monitoring.health import SETTING, collect_health
from dbops.monitoring.results import EXIT_CODES, CheckResult, worst_status
from dbops.monitoring.sampling import look_unattended
from dbops.monitoring.watching import describe
from dbops.telling.flow import tell_state
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Row, Section


class Command(StatesetCommand):
    help = (
        "Check the database, its backups and its settings; exits with 0 ok, 1 warning,"
        " 2 critical or 3 unknown, as Nagios has it."
    )

    # Nagios would take a refusal's 1 for a warning.
    refused_exit_code = EXIT_CODES["unknown"]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--tell",
            action="store_true",
            help="Tell whoever is told of trouble what was found, also that all is"
            " well: to try that a message arrives.",
        )

    def run(self, *, database: str, tell: bool, **_options: Any) -> Report:
        look = look_unattended if self.is_unattended and not tell else collect_health
        results = look(database)
        worst = worst_status(results)
        bad = [result.name for result in results if result.status != "ok"]
        told = tell_state(f"{database} is {worst}", describe(results)) if tell else []
        checks = [result for result in results if not result.name.startswith(SETTING)]
        advice = [result for result in results if result.name.startswith(SETTING)]
        return Report(
            summary=f"{worst}: {', '.join(bad) or 'all is well'}"
            + (f"; told by {' and '.join(told)}" if told else ""),
            facts={"status": worst, **({"told_by": told} if tell else {})},
            rows=[_facts(result) for result in results],
            exit_code=EXIT_CODES[worst],
            sections=(
                Section([_row(result) for result in checks], below="hint"),
                Section(
                    [_row(result) for result in advice if result.hint],
                    title="Settings that differ from the guide's",
                    below="hint",
                ),
            ),
        )


def _facts(result: CheckResult) -> Row:
    facts = asdict(result)
    return {"check": facts.pop("name"), "found": facts.pop("message"), **facts}


def _row(result: CheckResult) -> Row:
    return {
        "status": result.status,
        "check": result.name.removeprefix(SETTING),
        "found": result.message,
        "hint": result.hint,
    }
