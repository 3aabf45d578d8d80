"""What can go wrong with imports, before and in their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stateset.lib.errors import StatesetError

SHOWN_PROBLEMS = 10


class UnreadableFileError(StatesetError):
    """The file is no table: wrong format, wrong encoding, no header."""


class MappingError(StatesetError):
    """The mapping does not fit the file, or is no mapping."""


class PreviewLostError(StatesetError):
    """What a preview page carries is too old, was altered, or is another user's."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell, or with one row where ``column`` is empty."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", {self.column}" if self.column else "")
        return f"{where}: {self.message}"


class ImportRefusedError(StatesetError):
    """Rows of the file can't be imported, so none was."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        shown = [str(problem) for problem in problems[:SHOWN_PROBLEMS]]
        if len(problems) > SHOWN_PROBLEMS:
            shown.append(f"and {len(problems) - SHOWN_PROBLEMS} more")
        super().__init__(
            f"Nothing was imported from {source}.",
            why="\n       ".join(shown),
            fix="mend these lines in the file and import it again",
        )
        self.problems = tuple(problems)
