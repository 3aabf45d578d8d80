from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dbops.monitoring.health import SETTING, collect_health
from dbops.monitoring.results import EXIT_CODES, CheckResult, worst_status
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Row, Section


class Command(StatesetCommand):
    help = (
        "Check the database, its backups and its settings; exits with 0 ok, 1 warning,"
        " 2 critical or 3 unknown, as Nagios has it."
    )

    # Nagios would take a refusal's 1 for a warning.
    refused_exit_code = EXIT_CODES["unknown"]

    def run(self, *, database: str, **_options: Any) -> Report:
        results = collect_health(database)
        worst = worst_status(results)
        bad = [result.name for result in results if result.status != "ok"]
        checks = [result for result in results if not result.name.startswith(SETTING)]
        advice = [result for result in results if result.name.startswith(SETTING)]
        return Report(
            summary=f"{worst}: {', '.join(bad) or 'all is well'}",
            facts={"status": worst},
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
