"""Reading files: what they hold, on which line, and what can't be read."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from openpyxl.worksheet.formula import ArrayFormula

from stateset.system.errors import UnreadableFileError
from stateset.system.importing.tables import MOST_UNPACKED, read_table
from tests.stateset.system.importing.builders import workbook


def rows_of(content: str | bytes, name: str = "file.csv") -> list[dict[str, str]]:
    data = content.encode() if isinstance(content, str) else content
    return [dict(row) for row in read_table(name, data).dict]


def refusal_of(content: str | bytes, name: str = "file.csv") -> str:
    with pytest.raises(UnreadableFileError) as caught:
        rows_of(content, name)
    return str(caught.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_split_at_comma_semicolon_or_tab(delimiter: str) -> None:
    text = "sku,name\nA,Chai\n".replace(",", delimiter)
    assert rows_of(text) == [{"sku": "A", "name": "Chai"}]


def test_a_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    content = "sku;name\r\nA;Käse\r\n".encode("utf-8-sig")
    assert rows_of(content) == [{"sku": "A", "name": "Käse"}]


def test_a_quoted_delimiter_in_the_header_does_not_decide() -> None:
    assert rows_of('sku;"name, in full, please"\nA;Chai\n') == [
        {"sku": "A", "name, in full, please": "Chai"}
    ]


def test_rows_after_a_quoted_cell_of_several_lines_keep_their_lines() -> None:
    table = read_table("file.csv", b'sku,note\nA,"one\ntwo\nthree"\n\nB,x\nC,y\n')
    assert table.lines == [2, 6, 7]
    assert table.dict[0]["note"] == "one\ntwo\nthree"


def test_space_around_cells_and_empty_columns_at_the_end_do_not_matter() -> None:
    assert rows_of(" sku , name ,,\n A , Chai ,,\n , ,,\n") == [
        {"sku": "A", "name": "Chai"}
    ]


@pytest.mark.parametrize("content", ["", "\n\n", " , \n"])
def test_an_empty_file_is_refused(content: str) -> None:
    assert refusal_of(content) == (
        "File file.csv was not read.\n"
        "  why: it is empty\n"
        "  fix: export it again, with a header line"
    )


def test_a_file_with_nothing_but_a_header_is_refused() -> None:
    assert refusal_of("sku,name\n") == (
        "File file.csv was not read.\n"
        "  why: it has a header but no rows\n"
        "  fix: add rows below it"
    )


def test_a_file_that_is_not_utf_8_is_refused_by_byte_and_line() -> None:
    assert refusal_of("sku,name\nA,Käse\n".encode("latin-1")) == (
        "File file.csv was not read.\n"
        "  why: byte 13, on line 2, is not UTF-8\n"
        "  fix: save it as CSV UTF-8"
    )


def test_zero_bytes_are_refused() -> None:
    assert refusal_of("sku,name\nA,Ch\0ai\n") == (
        "File file.csv was not read.\n"
        "  why: line 2 holds a zero byte\n"
        "  fix: save it as CSV UTF-8"
    )


@pytest.mark.parametrize(
    ("line", "cells"), [("B,Chang,x", 3), ("B", 1)], ids=["too long", "too short"]
)
def test_a_ragged_line_is_refused(line: str, cells: int) -> None:
    assert refusal_of(f"sku,name\nA,Chai\n{line}\n") == (
        "File file.csv was not read.\n"
        f"  why: line 3 has {cells} cells, the header 2\n"
        "  fix: put cells that hold a delimiter or a line break into quotes"
    )


def test_a_quote_that_is_never_closed_does_not_swallow_the_rest() -> None:
    assert refusal_of('sku,name\nA,Chai\nB,"Chang\nC,Aniseed\n') == (
        "File file.csv was not read.\n"
        "  why: the row that begins on line 3 does not end: unexpected end of data\n"
        "  fix: close each quote, and double a quote inside a quoted cell"
    )


@pytest.mark.parametrize(
    ("header", "why", "fix"),
    [
        ("sku,,name", "column 2 has no header", "name every column in the first line"),
        ("sku,name,sku", "column 'sku' is there twice", "rename or remove one of them"),
    ],
)
def test_headers_must_be_there_once(header: str, why: str, fix: str) -> None:
    assert refusal_of(f"{header}\nA,B,C\n") == (
        f"File file.csv was not read.\n  why: {why}\n  fix: {fix}"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (14, "14"),
        (14.0, "14"),
        (14.1, "14.1"),
        (1000000.0, "1000000"),
        (0.15, "0.15"),
        (True, "True"),
        (date(1996, 7, 4), "1996-07-04"),
        (datetime(1996, 7, 4), "1996-07-04"),  # noqa: DTZ001 -- as Excel has them
        (datetime(1996, 7, 4, 13, 30), "1996-07-04T13:30:00"),  # noqa: DTZ001 -- same
        ("=A1+1", "=A1+1"),
        (ArrayFormula("B2", "=SUM(A1:A9)"), "=SUM(A1:A9)"),
        ("  Chai ", "Chai"),
    ],
)
def test_a_spreadsheet_is_read_as_a_csv_file_would_say_it(
    value: Any, text: str
) -> None:
    content = workbook(["sku", "value"], ["A", value], [None, None], ["B"])
    table = read_table("file.xlsx", content)
    assert [dict(row) for row in table.dict] == [
        {"sku": "A", "value": text},
        {"sku": "B", "value": ""},
    ]
    assert table.lines == [2, 4]


def test_a_spreadsheet_is_known_by_its_first_bytes() -> None:
    assert rows_of(workbook(["sku"], ["A"]), "file.csv") == [{"sku": "A"}]


@pytest.mark.parametrize(
    "content", [b"sku,name\nA,B\n", b"", b"PK\x03\x04 and no more"]
)
def test_a_file_that_is_no_spreadsheet_is_refused(content: bytes) -> None:
    assert refusal_of(content, "file.xlsx") == (
        "File file.xlsx was not read.\n"
        "  why: it is no XLSX workbook\n"
        "  fix: save it as XLSX or as CSV UTF-8"
    )


def test_a_zip_of_something_else_is_refused() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    assert "why: it is no XLSX workbook" in refusal_of(file.getvalue(), "file.xlsx")


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused() -> None:
    file = BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/sharedStrings.xml", "w") as member,
    ):
        block = bytes(1024**2)
        for _ in range(MOST_UNPACKED // len(block) + 1):
            member.write(block)
    assert refusal_of(file.getvalue(), "file.xlsx") == (
        "File file.xlsx was not read.\n"
        "  why: it unpacks to 201 MiB; 200 MiB are read\n"
        "  fix: save it as CSV UTF-8, or split it"
    )
