"""The files of the project, as the rules of the house look at them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "stateset",
    "inventory",
    "orders",
    "fulfillment",
    "finance",
    "returns",
    "dbops",
)
"""What is delivered; import-linter in pyproject.toml knows the same names."""

CODE = ("manage.py", "deploy", "docs", "tests", *PACKAGES)
DOCUMENTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs")


def product_modules() -> list[Path]:
    """Return the Python files that are delivered, migrations among them."""
    return [path for name in PACKAGES for path in _below(ROOT / name, ".py")]


def written_modules() -> list[Path]:
    """Return every Python file that a person wrote: no migrations."""
    return [
        path
        for name in CODE
        for path in _below(ROOT / name, ".py")
        if path.parent.name != "migrations"
    ]


def documents() -> list[Path]:
    """Return every page that people read."""
    return [path for name in DOCUMENTS for path in _below(ROOT / name, ".md")]


def place(path: Path, node: ast.AST | None = None, *, line: int = 0) -> str:
    """Return ``file:line`` as an editor opens it."""
    number = getattr(node, "lineno", line)
    return (
        f"{path.relative_to(ROOT)}:{number}" if number else f"{path.relative_to(ROOT)}"
    )


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def nodes(path: Path) -> Iterator[ast.AST]:
    """Yield every node of a file's syntax tree."""
    yield from ast.walk(parsed(path))


def none_of(found: Sequence[str]) -> None:
    """Fail with one line for each thing found."""
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def _below(path: Path, suffix: str) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(
        found
        for found in path.rglob(f"*{suffix}")
        if not any(
            part.startswith((".", "__")) for part in found.parts[len(ROOT.parts) : -1]
        )
    )
