"""Commands that show a moment, and with --watch one moment after the other."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from stateset.lib.commands import StatesetCommand
from stateset.lib.errors import UsageError
from stateset.lib.reports import Report

REDRAW_SECONDS = 2.0
# Home, then clear to the end: nothing of the screen before is left.
CLEAR = "\033[H\033[2J"


class WatchedCommand(StatesetCommand):
    """Show what ``look`` returns; with --watch every two seconds, until Ctrl-C."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--watch",
            action="store_true",
            help="Show it anew every 2 s, until Ctrl-C; on a terminal only.",
        )

    def look(self, *args: Any, **options: Any) -> Report:
        """Return what there is to see now."""
        raise CommandError(f"{type(self).__module__} has no look method.")

    def run(self, *, watch: bool, **options: Any) -> Report:
        if not watch:
            return self.look(**options)
        if not self.stdout.isatty():
            raise UsageError(
                "Nothing was shown.",
                why="--watch draws on a terminal, and this is none",
                fix="leave --watch out, and use --json for a program",
            )
        report = self.look(**options)
        try:
            while True:
                self.stdout.write(CLEAR, ending="")
                self.print_report(report)
                self.stdout.flush()
                time.sleep(REDRAW_SECONDS)
                report = self.look(**options)
        except KeyboardInterrupt:
            return report
