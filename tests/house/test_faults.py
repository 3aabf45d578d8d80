"""docs/operator-faults.md: every fault has its row, and a test that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

import pytest

from tests.house.pages import lines
from tests.house.test_guide_coverage import QUOTED, is_place
from tests.house.tree import ROOT, none_of

PAGE = ROOT / "docs" / "operator-faults.md"
ROW = re.compile(r"^\| (\d+) \|")
FAULTS = {*range(1, 46), *range(54, 57)} - {43}
"""By the numbers of the design notes. 43 and those between are of archives."""


def rows() -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each fault, and the tests of its last cell."""
    for line in lines(PAGE):
        if found := ROW.match(line.text):
            shown_by = line.text.split("|")[-2]
            yield int(found[1]), QUOTED.findall(shown_by)


def test_every_fault_has_one_row() -> None:
    numbers = [number for number, _ in rows()]
    assert numbers == sorted(FAULTS)


def test_every_test_named_is_there() -> None:
    named = chain.from_iterable(QUOTED.findall(line.text) for line in lines(PAGE))
    tests = [name for name in named if name.startswith("tests/")]
    none_of([f"{name} is not there" for name in tests if not is_place(name)])


def test_every_row_is_shown_by_a_test() -> None:
    none_of(
        [
            f"docs/operator-faults.md, {number}: {named or 'no test'}"
            for number, named in rows()
            if not named or not all(name.startswith("tests/") for name in named)
        ]
    )


@pytest.mark.parametrize(
    "name", ["tests/dbops/no_such.py", "tests/house/test_faults.py::test_no_such"]
)
def test_the_check_sees_what_is_not_there(name: str) -> None:
    assert not is_place(name)
