"""Statements without what people wrote in them: their values are personal data."""

from __future__ import annotations

import re

MASK = "?"
SHOWN_LENGTH = 150
# A statement may be cut off anywhere, so each kind may end with the text.
TOKEN = re.compile(
    r"""
    (?P<kept>"(?:[^"]|"")*"?|\$\d+|(?![uU]&')[^\W\d][\w$]*(?!['\w]))
    |(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<value>
        [eE]'(?:[^'\\]|\\.|'')*(?:'|\\?\Z)
        |(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z)
        |\$(?P<tag>[^\W\d]\w*|)\$.*?(?:\$(?P=tag)\$|\Z)
        |\d[\w.]*(?:(?<=[eE])[+-]\d+)?
    )
    """,
    re.DOTALL | re.VERBOSE,
)


def masked(statement: str) -> str:
    """Return a statement with ``?`` in place of each value, without comments."""
    return TOKEN.sub(_replaced, statement)


def one_line(statement: str) -> str:
    """Return a statement without its line breaks."""
    return " ".join(statement.split())


def shown_statement(statement: str | None, *, whole: bool = False) -> str | None:
    """Return what a page or a table shows; ``whole`` shows values too."""
    if statement is None:
        return None
    if whole:
        return one_line(statement)
    line = one_line(masked(statement))
    return line if len(line) <= SHOWN_LENGTH else f"{line[: SHOWN_LENGTH - 1]}…"


def _replaced(match: re.Match[str]) -> str:
    if match["kept"]:
        return match["kept"]
    return " " if match["comment"] else MASK
