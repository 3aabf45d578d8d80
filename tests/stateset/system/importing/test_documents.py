"""docs/importing.md names every column that can be imported, and no other."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from stateset.system.importing.resource import resources

COLUMN = re.compile(r"(\*\*)?`([a-z0-9_]+)`")
CHOICES = re.compile(r"\((?:`[a-z]+`(?:, )?)+\)")


def documented(label: str) -> dict[str, bool]:
    """Return the columns the page names under a heading, and whether in bold."""
    page = (settings.BASE_DIR / "docs/importing.md").read_text(encoding="utf-8")
    section = page.partition(f"### {label}\n")[2].partition("\n#")[0]
    text = CHOICES.sub("", section)
    return {name: bool(bold) for bold, name in COLUMN.findall(text)}


@pytest.mark.parametrize("label", sorted(resources()))
def test_the_page_names_the_columns(label: str) -> None:
    columns = resources()[label].columns()
    assert documented(label) == {column.name: column.is_key for column in columns}
