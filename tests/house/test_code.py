"""Rules of the house that neither ruff, mypy nor import-linter can see."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import (
    ROOT,
    nodes,
    none_of,
    parsed,
    place,
    product_modules,
    written_modules,
)

DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "managers"}
LINES = 400
LINES_OF_TESTS = 500
ENGINES = ROOT / "dbops" / "engines"
STARTER = ROOT / "dbops" / "process.py"
STARTS_A_PROGRAM = re.compile(r"(system|popen|posix_spawnp?|fork|(exec|spawn)[lv]p?e?)")
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore)(?P<rest>.*)")
WITH_CODE_AND_REASON = re.compile(r"(:\s*|\[)[\w, -]+\]?\s*(--?|#)\s*\S.+")


def test_no_module_is_a_drawer() -> None:
    drawers = [
        place(path)
        for path in written_modules()
        if DRAWERS & {path.stem, path.parent.name}
    ]
    none_of(drawers)


def test_modules_are_short() -> None:
    too_long = []
    for path in written_modules():
        count = len(path.read_text(encoding="utf-8").splitlines())
        limit = LINES_OF_TESTS if "tests" in path.parts else LINES
        if count > limit:
            too_long.append(f"{place(path)}: {count} lines, {limit} are allowed")
    none_of(too_long)


def test_imports_stand_at_the_top() -> None:
    """A local import hides a cycle.

    ``AppConfig.ready`` has no other way, nor has a benchmark, which sets Django up.
    """
    local = [
        place(path, node)
        for path in written_modules()
        if path.name != "apps.py" and path.parent.name != "benchmarks"
        for function in nodes(path)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    none_of(local)


def test_only_the_engines_ask_which_engine_it_is() -> None:
    """Elsewhere a module or an entry is picked by ``connection.vendor``."""
    asking = [
        place(path, node)
        for path in product_modules()
        if not path.is_relative_to(ENGINES)
        for node in nodes(path)
        if isinstance(node, ast.Compare | ast.Match) and _names_an_engine(node)
    ]
    none_of(asking)


def _names_an_engine(node: ast.Compare | ast.Match) -> bool:
    """Say whether a vendor is held against a name; two vendors are just data."""
    if isinstance(node, ast.Match):
        return _is_vendor(node.subject)
    sides = [node.left, *node.comparators]
    return any(_is_vendor(side) for side in sides) and any(
        isinstance(part, ast.Constant) for side in sides for part in ast.walk(side)
    )


def _is_vendor(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "vendor") or (
        isinstance(node, ast.Name) and node.id == "vendor"
    )


def test_only_process_starts_programs() -> None:
    """One place keeps secrets out of arguments and ends what it started."""
    starting = [
        place(path, node)
        for path in product_modules()
        if path != STARTER
        for node in nodes(path)
        if _starts_a_program(node)
    ]
    none_of(starting)


def _starts_a_program(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(name.name == "subprocess" for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module == "subprocess"
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and STARTS_A_PROGRAM.fullmatch(node.attr) is not None
    )


def test_a_suppression_names_its_rule_and_its_reason() -> None:
    bare = [
        place(path, line=line)
        for path in written_modules()
        for line, comment in _comments(path)
        if (found := SUPPRESSION.match(comment))
        and not WITH_CODE_AND_REASON.match(found["rest"])
    ]
    none_of(bare)


def _comments(path: Path) -> Iterator[tuple[int, str]]:
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("connection.vendor == 'sqlite'", True),
        ("vendor in ('sqlite', 'oracle')", True),
        ("'postgresql' != engine.vendor", True),
        ("manifest.engine != engine.vendor", False),
        ("TRIGGERS[connection.vendor]", False),
    ],
)
def test_the_check_for_engines_sees_what_it_forbids(
    code: str, *, refused: bool
) -> None:
    found = [
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Compare) and _names_an_engine(node)
    ]
    assert bool(found) == refused


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("import subprocess", True),
        ("from subprocess import run", True),
        ("os.system('ls')", True),
        ("os.execve('ls', [], {})", True),
        ("os.path.join('a', 'b')", False),
    ],
)
def test_the_check_for_programs_sees_what_it_forbids(
    code: str, *, refused: bool
) -> None:
    assert any(map(_starts_a_program, ast.walk(ast.parse(code)))) == refused


@pytest.mark.parametrize(
    ("comment", "accepted"),
    [
        ("# noqa: S608 -- names are quoted", True),
        ("# noqa: FBT001, FBT002 - Django's own", True),
        ("# type: ignore[misc]  # it takes none at run time", True),
        ("# noqa: S608", False),
        ("# noqa", False),
        ("# type: ignore[misc]", False),
    ],
)
def test_the_check_for_suppressions_wants_code_and_reason(
    comment: str, *, accepted: bool
) -> None:
    found = SUPPRESSION.match(comment)
    assert found is not None
    assert (WITH_CODE_AND_REASON.match(found["rest"]) is not None) == accepted


def test_every_module_with_code_can_be_read() -> None:
    """The checks above see the product: an empty list would please them all."""
    assert sum(len(parsed(path).body) for path in product_modules()) > 100
