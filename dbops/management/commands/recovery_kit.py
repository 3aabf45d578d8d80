from __future__ import annotations

from typing import Any

from dbops.backups.kit import recovery_kit
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "Print what an empty machine needs besides the backups, for the safe."

    def run(self, *, database: str, **_options: Any) -> Report:
        kit = recovery_kit(alias=database)
        count = len(kit.missing)
        return Report(
            summary=f"The kit lacks {count} of what is needed" if count else "",
            facts={"kit": kit.text, "missing": list(kit.missing)},
            exit_code=1 if count else 0,
        )

    def print_report(self, report: Report) -> None:
        """Print the kit alone, so that it can be kept as it is."""
        self.stdout.write(report.facts["kit"], ending="")
        for each in report.facts["missing"]:
            self.stderr.write(f"The kit lacks {each}")
