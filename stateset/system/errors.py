"""What can go wrong with imports, before and in their rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

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


def gathered(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems, with one that very many lines have told once.

    A thousand times the same would bury the line that is wrong in its own way.
    """
    alike: dict[tuple[str, str], list[Problem]] = defaultdict(list)
    for problem in problems:
        alike[problem.column, problem.message].append(problem)
    found = []
    for same in alike.values():
        first, *others = same
        if len(others) < SHOWN_PROBLEMS:
            found += same
            continue
        lines = ", ".join(str(other.line) for other in others[:SHOWN_PROBLEMS])
        more = f"the same on {len(others):,} more lines: {lines}"
        more += ", …" if len(others) > SHOWN_PROBLEMS else ""
        found.append(replace(first, message=f"{first.message} ({more})"))
    return sorted(found, key=lambda problem: problem.line)


class ImportRefusedError(StatesetError):
    """Rows of the file can't be imported, so none was."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        told = gathered(problems)
        shown = [str(problem) for problem in told[:SHOWN_PROBLEMS]]
        if len(told) > SHOWN_PROBLEMS:
            shown.append(f"and {len(told) - SHOWN_PROBLEMS} more")
        super().__init__(
            f"Nothing was imported from {source}.",
            why="\n       ".join(shown),
            fix="mend these lines in the file and import it again",
        )
        self.problems = tuple(problems)
