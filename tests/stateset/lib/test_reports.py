from __future__ import annotations

from stateset.lib.reports import Section, render_section

LONG = "a sentence that goes on for longer than the line it is printed on has room for"


def test_a_long_last_column_is_folded_under_itself() -> None:
    section = Section([{"name": "x", "found": LONG}, {"name": "y", "found": "short"}])
    assert render_section(section, width=50).split("\n") == [
        "name  found",
        "x     a sentence that goes on for longer than the",
        "      line it is printed on has room for",
        "y     short",
    ]


def test_what_stands_below_a_row_is_no_column() -> None:
    rows = [{"name": "x", "note": LONG}, {"name": "y", "note": ""}]
    section = Section(rows, title="Things", below="note")
    assert render_section(section, width=60).split("\n") == [
        "Things",
        "name",
        "x",
        "    a sentence that goes on for longer than the line it is",
        "    printed on has room for",
        "y",
    ]


def test_a_last_column_of_numbers_is_not_folded() -> None:
    section = Section([{"name": "x", "rows": 12}, {"name": "y", "rows": 1234567}])
    assert render_section(section).split("\n") == [
        "name     rows",
        "x          12",
        "y     1234567",
    ]


def test_other_columns_are_cut_where_they_leave_the_last_no_room() -> None:
    section = Section([{"pid": 7, "app": "a" * 70, "user": "ann", "wait": "Lock: row"}])
    header, line = render_section(section, width=50).split("\n")
    assert line == f"  7  {'a' * 27}…  ann   Lock: row"
    assert header.endswith("wait")
    assert len(line) <= 50
