"""The one error shape of the project: what happened, why, how to mend it."""

from __future__ import annotations

BUSY = 75
"""What a command exits with where trying later will do: EX_TEMPFAIL of sysexits.h."""


class StatesetError(Exception):
    """Something was refused or failed, and the reader can be told what to do.

    ``what`` is a full sentence, ``why`` one fact with the value seen, ``fix`` an
    imperative. A command that meets one exits with ``exit_code``.
    """

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.what]
        if self.why:
            parts.append(f"  why: {self.why}")
        if self.fix:
            parts.append(f"  fix: {self.fix}")
        return "\n".join(parts)


class NotConfirmedError(StatesetError):
    """A destructive command was not confirmed by name; nothing was changed."""


class UsageError(StatesetError):
    """The arguments do not go together; argparse alone could not tell."""

    exit_code = 2
