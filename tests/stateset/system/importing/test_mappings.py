"""Mappings: what they do to a table, and what is wrong with one."""

from __future__ import annotations

import pytest

from stateset.system.errors import MappingError
from stateset.system.importing.mappings import apply_mapping, parse_mapping
from stateset.system.importing.tables import read_table

KNOWN = ["sku", "name", "status", "currency", "note"]
FILE = b"id,title,gone\n1,Chai,0\n2,,1\n3,Chang,\n"


def mapped(text: str | bytes) -> tuple[list[dict[str, str]], list[int]]:
    content = text.encode() if isinstance(text, str) else text
    table = read_table("file.csv", FILE)
    result = apply_mapping(parse_mapping("m.toml", content), table, known=KNOWN)
    return [dict(row) for row in result.dict], result.lines


def refusal_of(text: str | bytes) -> str:
    with pytest.raises(MappingError) as caught:
        mapped(text)
    return str(caught.value)


def test_columns_prefixes_words_and_constants_are_put_in() -> None:
    rows, lines = mapped(
        """
        skip_where_empty = ["gone"]
        [columns]
        sku = "id"
        name = "title"
        status = "gone"
        [values]
        currency = "USD"
        [prefixes]
        sku = "NW-"
        name = "the "
        [replace.status]
        "0" = "active"
        """
    )
    assert rows == [
        {"sku": "NW-1", "name": "the Chai", "status": "active", "currency": "USD"},
        # A prefix makes no text of nothing, and other words stay.
        {"sku": "NW-2", "name": "", "status": "1", "currency": "USD"},
    ]
    assert lines == [2, 3]


@pytest.mark.parametrize(
    ("text", "why", "fix"),
    [
        (
            "[values]\nname = 'x'",
            "it maps no column",
            'add [columns] with ours = "theirs"',
        ),
        (
            "[column]\nsku = 'id'",
            "it has the key 'column'",
            "did you mean 'columns'?",
        ),
        (
            "zzz = 1",
            "it has the key 'zzz'",
            "use only columns, values, prefixes, replace, skip_where_empty",
        ),
        (
            "columns = 'id'",
            'columns is not a table of lines like name = "company_name"',
            "see docs/importing.md",
        ),
        (
            "[columns]\nsku = 1",
            'columns is not a table of lines like name = "company_name"',
            "see docs/importing.md",
        ),
        (
            "skip_where_empty = 'gone'",
            'skip_where_empty is not a list like ["shipped_date"]',
            "see docs/importing.md",
        ),
        (
            "[columns]\nsku = 'id'\n[replace]\nstatus = 'x'",
            'replace is not tables like [replace.status] with "1" = "archived"',
            "see docs/importing.md",
        ),
        (
            "[columns]\nskuu = 'id'",
            "nothing reads the column 'skuu' it fills",
            "did you mean 'sku'?",
        ),
        (
            "[columns]\nsku = 'idd'",
            "the file has no column 'idd'",
            "did you mean 'id'?",
        ),
        (
            "[columns]\nsku = 'barcode'",
            "the file has no column 'barcode'",
            "its columns are id, title, gone",
        ),
        (
            "skip_where_empty = ['shipped']\n[columns]\nsku = 'id'",
            "the file has no column 'shipped'",
            "its columns are id, title, gone",
        ),
        (
            "[columns]\nsku = 'id'\n[values]\nsku = 'x'",
            "'sku' stands in [columns] and in [values]",
            "keep one of the two",
        ),
        (
            "[columns]\nsku = 'id'\n[prefixes]\nname = 'x'",
            "prefixes names 'name', which [columns] does not map",
            "it maps sku",
        ),
    ],
)
def test_a_wrong_mapping_is_refused(text: str, why: str, fix: str) -> None:
    assert refusal_of(text) == (
        f"Mapping m.toml can't be used.\n  why: {why}\n  fix: {fix}"
    )


@pytest.mark.parametrize("content", [b"sku == 'id'", b"sku = '\xff'"])
def test_a_file_that_is_no_toml_is_refused(content: bytes) -> None:
    refusal = refusal_of(content)
    assert refusal.startswith("Mapping m.toml can't be used.\n  why: it is no TOML: ")
    assert refusal.endswith("\n  fix: write it as docs/importing.md shows")
