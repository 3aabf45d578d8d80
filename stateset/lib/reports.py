"""What a command has to say: the same facts for people, JSON and tests."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]

UNKNOWN = "unknown"
NARROW_WIDTH = 55
"""So that the longest name of a fact and its value fit a line of 80."""


@dataclass(frozen=True)
class Report:
    """Facts and rows of one run; ``summary`` is the line a cron log keeps.

    ``last_line`` is printed alone at the end, for scripts (a backup's id).
    """

    summary: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    last_line: str = ""
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the one object that ``--json`` prints."""
        return {**self.facts, "rows": list(self.rows), "summary": self.summary}


def narrow_rows(facts: Iterable[tuple[str, Any]], column: str) -> list[Row]:
    """Return facts as rows of two columns; a long value goes on in the next row."""
    rows: list[Row] = []
    for what, value in facts:
        lines = textwrap.wrap(
            render_value(value),
            NARROW_WIDTH,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for number, line in enumerate(lines or [""]):
            rows.append({"what": "" if number else what, column: line})
    return rows


def render_table(rows: Sequence[Row]) -> str:
    """Return rows as aligned columns, numbers to the right, keys as header."""
    if not rows:
        return ""
    columns = list(rows[0])
    cells = [[render_value(row.get(column)) for column in columns] for row in rows]
    widths = [
        max(len(column), *(len(line[index]) for line in cells))
        for index, column in enumerate(columns)
    ]
    right = [isinstance(rows[0].get(column), (int, float)) for column in columns]
    lines = [_align(columns, widths, right)]
    lines += [_align(line, widths, right) for line in cells]
    return "\n".join(lines)


def render_facts(facts: Mapping[str, Any]) -> str:
    """Return facts one a line, the values in one column."""
    width = max((len(key) for key in facts), default=0)
    return "\n".join(
        f"{key:<{width}}  {render_value(value)}" for key, value in facts.items()
    )


def render_value(value: Any) -> str:
    """Return one value as a person reads it."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    # What is derived from it says itself how it is read.
    if type(value) is datetime:
        return value.isoformat(timespec="seconds")
    if isinstance(value, (list, tuple)):
        return ", ".join(render_value(item) for item in value)
    return str(value)


def render_bytes(size: int) -> str:
    """Return a size in binary units, as ``1.5 MiB``."""
    if size < 1024:
        return f"{size} B"
    amount = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= 1024
        if amount < 1024:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} TiB"


def _align(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        f"{cell:>{width}}" if is_number else f"{cell:<{width}}"
        for cell, width, is_number in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()
