"""Rows by INSERT, many with one statement prepared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.demo.branches.reading import Sheet


class Cells:
    """Values as text between separators; SQLite turns numbers back by affinity.

    Datatypes In SQLite, section 3: what a NUMERIC or INTEGER column is given as
    text is kept as a number.
    """

    null = "\x02"
    separator = "\x1f"
    end = ""
    zone = ""

    def truth(self, value: bool, /) -> str:  # noqa: FBT001 - a value, not a switch
        """Return ``1`` or ``0``."""
        return "1" if value else "0"

    def key(self, digits: str) -> str:
        """Return the digits, as Django keeps them."""
        return digits

    def escape(self, text: str) -> str:
        """Return the text: no separator can be typed."""
        return text


DIALECT = Cells()


def write(
    connection: BaseDatabaseWrapper, sheet: Sheet, texts: Iterable[list[str]]
) -> None:
    """Insert rows into the table."""
    quote = connection.ops.quote_name
    columns = ", ".join(map(quote, sheet.columns))
    places = ", ".join(["%s"] * len(sheet.columns))
    values: Any = (_values(row) for rows in texts for row in rows)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(sheet.table)} ({columns}) VALUES ({places})",  # noqa: S608 - names of our own models
            values,
        )


def tidy(connection: BaseDatabaseWrapper) -> None:
    """Gather statistics for the planner."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def size(connection: BaseDatabaseWrapper) -> int:
    """Return the bytes of the file."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        )
        return int(cursor.fetchone()[0])


def _values(row: str) -> list[str | None]:
    cells = row.split(Cells.separator)
    return [None if cell == Cells.null else cell for cell in cells]
