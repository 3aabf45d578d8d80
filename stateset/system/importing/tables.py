"""Read CSV and XLSX files as text cells that remember their lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula
from tablib import Dataset

from stateset.system.errors import UnreadableFileError

DELIMITERS = (",", ";", "\t")
QUOTED = re.compile(r'"[^"]*"')
ZIP_START = b"PK\x03\x04"

MOST_UNPACKED = 200 * 1024 * 1024
"""Bytes of XML an XLSX file may unpack to; a zip of 200 kB can hold more."""

BROKEN_WORKBOOK = (
    BadZipFile,
    InvalidFileException,
    ParseError,
    EOFError,
    KeyError,
    OSError,
    TypeError,
    ValueError,
)
"""What openpyxl raises for files that no spreadsheet program would write."""

NumberedRows = Iterator[tuple[int, list[str]]]


class Table(Dataset):
    """Rows of text under their headers; ``lines`` says where each row stood."""

    lines: list[int]


def make_table(headers: list[str]) -> Table:
    """Return a table without rows."""
    table = Table(headers=headers)
    table.lines = []
    return table


def read_table(name: str, content: bytes) -> Table:
    """Return the table in ``content``: XLSX if it is named or begins so, else CSV.

    Cells are text, an empty one is ''. Raises UnreadableFileError.
    """
    if name.lower().endswith(".xlsx") or content.startswith(ZIP_START):
        return _table(name, _read_xlsx(name, content), pads_rows=True)
    return _table(name, _read_csv(name, content), pads_rows=False)


def _table(name: str, rows: NumberedRows, *, pads_rows: bool) -> Table:
    stripped = ((line, [cell.strip() for cell in row]) for line, row in rows)
    filled = ((line, row) for line, row in stripped if any(row))
    _, first = next(filled, (0, []))
    headers = _without_empty_end(first)
    if not headers:
        raise _unreadable(name, "it is empty", "export it again, with a header line")
    _require_headers(name, headers)
    table = make_table(headers)
    width = len(headers)
    for line, row in filled:
        extra = len(_without_empty_end(row)) > width
        missing = len(row) < width and not pads_rows
        if extra or missing:
            raise _unreadable(
                name,
                f"line {line} has {len(row)} cells, the header {width}",
                "put cells that hold a delimiter or a line break into quotes",
            )
        table.append(row[:width] + [""] * (width - len(row)))
        table.lines.append(line)
    if not table.lines:
        raise _unreadable(name, "it has a header but no rows", "add rows below it")
    return table


def _without_empty_end(cells: list[str]) -> list[str]:
    width = len(cells)
    while width and not cells[width - 1]:
        width -= 1
    return cells[:width]


def _require_headers(name: str, headers: list[str]) -> None:
    twice = sorted({header for header in headers if headers.count(header) > 1})
    if "" in headers:
        raise _unreadable(
            name,
            f"column {headers.index('') + 1} has no header",
            "name every column in the first line",
        )
    if twice:
        raise _unreadable(
            name, f"column {twice[0]!r} is there twice", "rename or remove one of them"
        )


def _read_csv(name: str, content: bytes) -> NumberedRows:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(
            name,
            f"byte {error.start + 1}, on line {line}, is not UTF-8",
            "save it as CSV UTF-8",
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _unreadable(
            name, f"line {line} holds a zero byte", "save it as CSV UTF-8"
        )
    header = QUOTED.sub("", text.lstrip().partition("\n")[0])
    delimiter = max(DELIMITERS, key=header.count)
    # Strict: a quote that is never closed would swallow the rest of the file.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            yield start, row
            # A quoted cell may span lines; the next row begins after it.
            start = reader.line_num + 1
    except csv.Error as error:
        raise _unreadable(
            name,
            f"the row that begins on line {start} does not end: {error}",
            "close each quote, and double a quote inside a quoted cell",
        ) from error


def _read_xlsx(name: str, content: bytes) -> NumberedRows:
    try:
        _require_moderate(name, content)
        book = load_workbook(io.BytesIO(content), read_only=True)
        for line, row in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            yield line, [_cell_text(value) for value in row]
        book.close()
    except BROKEN_WORKBOOK as error:
        raise _unreadable(
            name, "it is no XLSX workbook", "save it as XLSX or as CSV UTF-8"
        ) from error


def _require_moderate(name: str, content: bytes) -> None:
    with ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
    if unpacked > MOST_UNPACKED:
        raise _unreadable(
            name,
            f"it unpacks to {unpacked // 1024**2} MiB; {MOST_UNPACKED // 1024**2} MiB"
            " are read",
            "save it as CSV UTF-8, or split it",
        )


def _cell_text(value: Any) -> str:
    """Return a spreadsheet's value as a CSV file would hold it."""
    if value is None:
        return ""
    if isinstance(value, ArrayFormula | DataTableFormula):
        return f"={getattr(value, 'text', '') or value.ref}".replace("==", "=", 1)
    if isinstance(value, datetime) and value.time() == time.min:
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}"
    return str(value)


def _unreadable(name: str, why: str, fix: str) -> UnreadableFileError:
    return UnreadableFileError(f"File {name} was not read.", why=why, fix=fix)
