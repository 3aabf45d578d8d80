"""docs/configuration.md and .env.example against what the settings read."""

from __future__ import annotations

import re

from stateset.env import KNOWN, PREFIX
from tests.stateset.programs import ROOT

ROW = re.compile(r"^\| `(?P<name>[A-Z_0-9]+)` \|(?P<default>[^|]*)\|", re.MULTILINE)
# Their default differs by environment or process, and the page says so in words.
IN_WORDS = {
    "APP__ALLOWED_HOSTS",
    "APP__HTTPS",
    "APP__LOG_FORMAT",
    "APP__LOG_LEVEL",
    "APP__REVISION",
    "APP__SLOW_QUERY",
    "APP__SECRET_KEY",
    "APP__DATABASE_URL",
    "APP__EMAIL_FROM",
}


def rows() -> dict[str, str]:
    """Return the default that the page gives for each variable."""
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    return {row["name"]: row["default"].strip(" `") for row in ROW.finditer(page)}


def test_the_page_lists_exactly_what_is_read():
    assert sorted(rows()) == sorted(KNOWN)


def test_the_page_gives_the_defaults_in_force():
    written = {
        name: str(known.default).lower()
        if isinstance(known.default, bool)
        else str(known.default or "")
        for name, known in KNOWN.items()
        if name not in IN_WORDS
    }
    told = {name: default for name, default in rows().items() if name not in IN_WORDS}
    assert told == written


def test_every_name_on_the_page_and_in_the_example_is_read():
    for document in ("docs/configuration.md", ".env.example"):
        text = (ROOT / document).read_text(encoding="utf-8")
        named = set(re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", text))
        assert named <= set(KNOWN), document
