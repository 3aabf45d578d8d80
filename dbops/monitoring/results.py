"""What a check found: the same for people, JSON, metrics and exit codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "critical", "unknown"]

# What Nagios and its like expect of a check.
EXIT_CODES: dict[Status, int] = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
WORST_FIRST: tuple[Status, ...] = ("critical", "warning", "unknown", "ok")


@dataclass(frozen=True)
class CheckResult:
    """One check: what was found, and what to do where it is not ok.

    ``value`` in ``unit`` is the figure behind it, None where there is none.
    """

    name: str
    status: Status
    message: str
    hint: str = ""
    value: float | None = None
    unit: str = ""


def worst_status(results: Iterable[CheckResult]) -> Status:
    """Return the gravest status; what is unknown is graver than what is ok."""
    found = {result.status for result in results}
    return next((status for status in WORST_FIRST if status in found), "unknown")
