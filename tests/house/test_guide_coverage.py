"""docs/guide-coverage.md: every line of the guide, and nothing that is not there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from django.apps import apps
from django.core.management import get_commands

from tests.house.pages import lines
from tests.house.test_documents import MAKE_IN_TEXT, TARGET, why_refused
from tests.house.tree import ROOT, none_of, parsed

PAGE = ROOT / "docs" / "guide-coverage.md"
GUIDE = ROOT / "docs" / "database-guide.md"
ROW = re.compile(r"^\| (?P<first>\d+)(?:-(?P<last>\d+))? \| ")
QUOTED = re.compile(r"`([^`]+)`")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")
INDEX = re.compile(r"idx_\w+")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+")
ADDRESS = re.compile(r"/[\w/]+")
METRIC = re.compile(r"pg_stat_\w+")
HEADING = re.compile(r"#+ |---$")
OUTSIDE = {
    # Words of the guide and of other programs, which are told about, not ours.
    *("set -e", "pipefail", "pg_dump", "psql", "gzip", "gunzip", "cp", "pg_restore"),
    *("dropdb", "createdb", "recovery.conf", ".backup", ".dump", ".sql.gz", "-wal"),
    *("bootstrap.dcs", "ttl", "loop_wait", "retry_timeout", "target_session_attrs"),
    *("pg_stat_statements", "pg_monitor", "QuerySet.explain()", "blocked_by_pid"),
    *("up", "down", "status", "fresh", "--cancel", "/app/migration"),
    *("dbops.W003", "stateset_20261123_020000"),
    # Promised, and said to come later.
    *("pitr", "recovery_drill"),
}


@dataclass(frozen=True)
class Row:
    """One row: which lines of the guide it is about, and its last two cells."""

    number: int
    first: int
    last: int
    here: str
    shown_by: str


def rows() -> Iterator[Row]:
    for line in lines(PAGE):
        if found := ROW.match(line.text):
            _, _, _, here, shown_by, _ = line.text.split("|")
            first = int(found["first"])
            yield Row(line.number, first, int(found["last"] or first), here, shown_by)


def test_every_line_of_the_guide_is_in_a_row() -> None:
    covered = {number for row in rows() for number in range(row.first, row.last + 1)}
    text = GUIDE.read_text(encoding="utf-8").splitlines()
    none_of(
        [
            f"docs/database-guide.md:{number}: {line}"
            for number, line in enumerate(text, 1)
            if line.strip() and not HEADING.match(line) and number not in covered
        ]
    )


def test_no_line_is_in_two_rows() -> None:
    taken: set[int] = set()
    twice = []
    for row in rows():
        own = set(range(row.first, row.last + 1))
        if own & taken:
            twice.append(f"docs/guide-coverage.md:{row.number}: {sorted(own & taken)}")
        taken |= own
    none_of(twice)


def test_everything_named_exists() -> None:
    none_of(
        [
            f"docs/guide-coverage.md:{row.number}: {reason}"
            for row in rows()
            for quoted in QUOTED.findall(row.here + row.shown_by)
            if (reason := why_absent(quoted))
        ]
    )


def test_every_row_is_shown_by_a_test() -> None:
    none_of(
        [
            f"docs/guide-coverage.md:{row.number} names no test"
            for row in rows()
            if not any(
                quoted.startswith("tests/") for quoted in QUOTED.findall(row.shown_by)
            )
        ]
    )


def why_absent(quoted: str) -> str:
    """Return what is wrong with something named on the page, if anything."""
    if quoted in OUTSIDE:
        return ""
    if quoted.startswith("make "):
        known = TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
        named = MAKE_IN_TEXT.findall(f"`{quoted}`")
        return "" if set(named) <= set(known) else f"no target: {quoted}"
    words = shlex.split(quoted)
    if words[0] in get_commands():
        return why_refused(words)
    for pattern, check in KINDS:
        if pattern.fullmatch(quoted.partition("::")[0]):
            return "" if check(quoted) else f"{quoted} is not there"
    return f"nobody knows what {quoted} is"


def _is_variable(name: str) -> bool:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    return f"| `{name}`" in page


def _is_index(name: str) -> bool:
    return name in _indexes()


@cache
def _indexes() -> frozenset[str]:
    return frozenset(
        index.name for model in apps.get_models() for index in model._meta.indexes
    )


def is_place(name: str) -> bool:
    path, _, function = name.partition("::")
    if not (ROOT / path).exists():
        return False
    return not function or function in {
        getattr(node, "name", "") for node in parsed(ROOT / path).body
    }


def _is_probe(address: str) -> bool:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    return f"`{address}`" in page


def _is_watched(metric: str) -> bool:
    """Say whether our dashboard or alerts use one of the exporter's metrics."""
    return any(
        metric in file.read_text(encoding="utf-8")
        for folder in ("grafana", "prometheus")
        for file in (ROOT / "deploy" / folder).rglob("*.*")
    )


KINDS = (
    (VARIABLE, _is_variable),
    (INDEX, _is_index),
    (METRIC, _is_watched),
    (ADDRESS, _is_probe),
    (FILE, is_place),
)


@pytest.mark.parametrize(
    "quoted",
    [
        *("backup --no-such", "no_such_command", "APP__NO_SUCH", "idx_no_such"),
        *("tests/house/test_code.py::test_no_such", "docs/no-such.md", "make no-such"),
        *("pg_stat_no_such", "/no/such"),
    ],
)
def test_the_check_sees_what_is_not_there(quoted: str) -> None:
    assert why_absent(quoted)
