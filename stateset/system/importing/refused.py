"""Commands of other packages that must not run here."""

from __future__ import annotations

from typing import Any

from stateset.lib.commands import StatesetCommand
from stateset.lib.errors import UsageError
from stateset.lib.reports import Report


class RefusedCommand(StatesetCommand):
    """Take any arguments, and say what to use instead."""

    what = ""
    why = ""
    fix = ""

    def run_from_argv(self, argv: list[str]) -> None:
        # Without what follows the name: options of that package mean nothing here.
        super().run_from_argv(argv[:2])

    def run(self, *args: Any, **options: Any) -> Report:
        raise UsageError(self.what, why=self.why, fix=self.fix)
