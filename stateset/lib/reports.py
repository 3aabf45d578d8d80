"""What a command has to say: the same facts for people, JSON and tests."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]

UNKNOWN = "unknown"
LINE = 80
INDENT = "    "
LAST_WIDTH = 12


@dataclass(frozen=True)
class Section:
    """A table as people read it: no line is longer than theirs.

    The last column is folded to fit, and the column ``below`` stands under its row.
    """

    rows: Sequence[Row]
    title: str = ""
    below: str = ""


@dataclass(frozen=True)
class Report:
    """Facts and rows of one run; ``summary`` is the line a cron log keeps.

    ``last_line`` is printed alone at the end, for scripts (a backup's id). People
    read ``sections`` in place of the rows, where there are any.
    """

    summary: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    last_line: str = ""
    exit_code: int = 0
    sections: Sequence[Section] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the one object that ``--json`` prints."""
        return {**self.facts, "rows": list(self.rows), "summary": self.summary}


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
    right = [
        any(isinstance(row.get(column), (int, float)) for row in rows)
        for column in columns
    ]
    lines = [_align(columns, widths, right)]
    lines += [_align(line, widths, right) for line in cells]
    return "\n".join(lines)


def render_section(section: Section, *, width: int = LINE) -> str:
    """Return a section as lines of at most ``width``, its title above."""
    columns = [column for column in section.rows[0] if column != section.below]
    limits = _limits(columns, section.rows, width)
    bare = [
        {column: _clipped(row.get(column), limits.get(column)) for column in columns}
        for row in section.rows
    ]
    header, *lines = render_table(bare).split("\n")
    last = columns[-1]
    # The last column begins where its header does, or ends there if it is numbers.
    start = len(header) - len(last)
    shown = [section.title] if section.title else []
    shown.append(header)
    for line, row in zip(lines, section.rows, strict=True):
        shown += _folded(line, start, width)
        under = render_value(row.get(section.below, "")) if section.below else ""
        shown += textwrap.wrap(
            under, width, initial_indent=INDENT, subsequent_indent=INDENT
        )
    return "\n".join(shown)


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


def _limits(columns: Sequence[str], rows: Sequence[Row], width: int) -> dict[str, int]:
    """Return how wide each column but the last may be, so that this one has room."""
    *others, last = (
        max(len(column), *(len(render_value(row.get(column))) for row in rows))
        for column in columns
    )
    room = width - min(last, LAST_WIDTH)
    while others and sum(others) + 2 * len(others) > room and max(others) > LAST_WIDTH:
        others[others.index(max(others))] -= 1
    return dict(zip(columns, others, strict=False))


def _clipped(value: Any, limit: int | None) -> Any:
    if limit is None or not isinstance(value, str) or len(value) <= limit:
        return value
    return f"{value[: limit - 1]}…"


def _folded(line: str, start: int, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    head, tail = line[:start], line[start:]
    return textwrap.wrap(
        tail, width, initial_indent=head, subsequent_indent=" " * start
    )


def _align(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        f"{cell:>{width}}" if is_number else f"{cell:<{width}}"
        for cell, width, is_number in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()
