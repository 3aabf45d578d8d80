"""Files as tests import them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from stateset.lib.errors import StatesetError
from stateset.system.errors import ImportRefusedError
from stateset.system.importing.flow import ImportOutcome, import_table
from stateset.system.importing.mappings import parse_mapping
from stateset.system.importing.resource import resources
from stateset.system.importing.tables import read_table


def import_rows(
    label: str,
    content: str | bytes,
    *,
    name: str = "file.csv",
    mapping: str = "",
    is_dry_run: bool = False,
) -> ImportOutcome:
    """Import a file into the model named ``label``."""
    data = content.encode() if isinstance(content, str) else content
    return import_table(
        resources()[label],
        name,
        read_table(name, data),
        mapping=parse_mapping("map.toml", mapping.encode()) if mapping else None,
        is_dry_run=is_dry_run,
    )


def refusal_of(label: str, content: str | bytes, **options: Any) -> str:
    """Return what is said where the file is refused."""
    with pytest.raises(StatesetError) as caught:
        import_rows(label, content, **options)
    return str(caught.value)


def problems_in(label: str, content: str | bytes, **options: Any) -> list[str]:
    """Return what is wrong with the lines of a file, all of it."""
    with pytest.raises(ImportRefusedError) as caught:
        import_rows(label, content, **options)
    return [str(problem) for problem in caught.value.problems]


def workbook(*rows: list[Any]) -> bytes:
    """Return an XLSX file with these rows."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()
