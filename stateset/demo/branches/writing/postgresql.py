"""Rows by COPY: as fast as PostgreSQL takes them, its constraints included."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.demo.branches.reading import Sheet


class CopyText:
    """The text format of COPY (manual, COPY, "Text Format")."""

    null = "\\N"
    separator = "\t"
    end = "\n"
    zone = "+00"

    def truth(self, value: bool, /) -> str:  # noqa: FBT001 - a value, not a switch
        """Return ``t`` or ``f``."""
        return "t" if value else "f"

    def key(self, digits: str) -> str:
        """Return the digits: hyphens may be left out."""
        return digits

    def escape(self, text: str) -> str:
        """Return text with backslashes before what COPY would take for its own."""
        for char, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n")):
            text = text.replace(char, written)
        return text.replace("\r", "\\r")


DIALECT = CopyText()


def write(
    connection: BaseDatabaseWrapper, sheet: Sheet, texts: Iterable[list[str]]
) -> None:
    """Copy rows into the table; constraints are checked when all are there."""
    columns = ", ".join(map(connection.ops.quote_name, sheet.columns))
    table = connection.ops.quote_name(sheet.table)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for rows in texts:
            copy.write("".join(rows))


def tidy(connection: BaseDatabaseWrapper) -> None:
    """Vacuum and analyze; inside somebody's transaction, analyze alone."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)")


def size(connection: BaseDatabaseWrapper) -> int:
    """Return the bytes of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])
