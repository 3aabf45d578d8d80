"""Read CSV and XLSX files as text cells that remember their lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from tablib import Dataset

from stateset.system.errors import UnreadableFileError

DELIMITERS = (",", ";", "\t")


class Table(Dataset):
    """Rows of text under their headers; ``lines`` says where each row stood."""

    lines: list[int]


def read_table(name: str, content: bytes) -> Table:
    """Return the table in ``content``, a CSV or XLSX file by the ending of ``name``.

    Cells are text, an empty one is ''. Raises UnreadableFileError.
    """
    if name.lower().endswith(".xlsx"):
        return _table(name, _read_xlsx(name, content))
    return _table(name, _read_csv(name, content))


def _table(name: str, numbered_rows: Iterator[tuple[int, list[str]]]) -> Table:
    filled = [(line, row) for line, row in numbered_rows if any(row)]
    if not filled:
        raise _unreadable(name, "it is empty", "export it again, with a header line")
    headers = [header.strip() for header in filled[0][1]]
    while headers and not headers[-1]:
        headers.pop()
    _require_headers(name, headers)
    table = Table(headers=headers)
    table.lines = []
    for line, row in filled[1:]:
        if any(cell for cell in row[len(headers) :]):
            raise _unreadable(
                name,
                f"line {line} has {len(row)} cells, the header {len(headers)}",
                "put cells that hold a delimiter into quotes",
            )
        cells = [cell.strip() for cell in row[: len(headers)]]
        table.append(cells + [""] * (len(headers) - len(cells)))
        table.lines.append(line)
    return table


def _require_headers(name: str, headers: list[str]) -> None:
    twice = sorted({header for header in headers if headers.count(header) > 1})
    if "" in headers:
        raise _unreadable(name, "a column has no header", "name every column")
    if twice:
        raise _unreadable(
            name, f"column {twice[0]} is there twice", "rename or remove one of them"
        )


def _read_csv(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(
            name,
            f"byte {error.start + 1} is not UTF-8",
            "save it as CSV UTF-8",
        ) from error
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    try:
        for row in reader:
            yield start, row
            # A quoted cell may span lines; the next row begins after it.
            start = reader.line_num + 1
    except csv.Error as error:
        raise _unreadable(
            name, f"line {start}: {error}", "save it as CSV UTF-8"
        ) from error


def _read_xlsx(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        book = load_workbook(io.BytesIO(content), read_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise _unreadable(
            name, "it is no XLSX workbook", "save it as XLSX or as CSV UTF-8"
        ) from error
    sheet = book.worksheets[0]
    for line, row in enumerate(sheet.iter_rows(values_only=True), 1):
        yield line, [_cell_text(value) for value in row]
    book.close()


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        is_day = value.time() == datetime.min.time()
        return value.date().isoformat() if is_day else value.isoformat()
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}"
    return str(value)


def _unreadable(name: str, why: str, fix: str) -> UnreadableFileError:
    return UnreadableFileError(f"File {name} was not read.", why=why, fix=fix)
