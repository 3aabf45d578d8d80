"""Rules of the house that neither ruff, mypy nor import-linter can see."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import (
    ROOT,
    nodes,
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
WITH_CODE_AND_REASON = re.compile(r"(:\s*|\[)[\w, -]+\]?\s*(--|#)\s*\S.+")


def test_no_module_is_a_drawer() -> None:
    assert [
        place(path)
        for path in written_modules()
        if DRAWERS & {path.stem, path.parent.name}
    ] == []


def test_modules_are_short() -> None:
    too_long = {}
    for path in written_modules():
        count = len(path.read_text(encoding="utf-8").splitlines())
        limit = LINES_OF_TESTS if "tests" in path.parts else LINES
        if count > limit:
            too_long[place(path)] = count
    assert too_long == {}


def test_imports_stand_at_the_top() -> None:
    """A local import hides a cycle; ``AppConfig.ready`` has no other way."""
    local = [
        place(path, node)
        for path in written_modules()
        if path.name != "apps.py"
        for function in nodes(path)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert local == []


def test_only_the_engines_ask_which_engine_it_is() -> None:
    """Elsewhere a module or an entry is picked by ``connection.vendor``."""
    asking = [
        place(path, node)
        for path in product_modules()
        if not path.is_relative_to(ENGINES)
        for node in nodes(path)
        if isinstance(node, ast.Compare | ast.Match) and _speaks_of_vendor(node)
    ]
    assert asking == []


def _speaks_of_vendor(node: ast.Compare | ast.Match) -> bool:
    sides = (
        [node.subject]
        if isinstance(node, ast.Match)
        else [node.left, *node.comparators]
    )
    return any(
        (isinstance(side, ast.Attribute) and side.attr == "vendor")
        or (isinstance(side, ast.Name) and side.id == "vendor")
        for side in sides
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
    assert starting == []


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
    assert bare == []


def _comments(path: Path) -> Iterator[tuple[int, str]]:
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def test_every_module_with_code_can_be_read() -> None:
    """The checks above see the product: an empty list would please them all."""
    assert sum(len(parsed(path).body) for path in product_modules()) > 100
