"""The licences of what the product runs on: from uv.lock and installed metadata.

Run it (``make licences``) to print the page docs/third-party-licences.md.
"""

from __future__ import annotations

import sys
import tomllib
from collections import defaultdict
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from typing import Any

from tests.house.tree import ROOT

DOCUMENT = ROOT / "docs" / "third-party-licences.md"
PROJECT = "stateset"
HEAD = """\
# Third-party licences

The packages that an installation of StateSet runs on, and what each is licensed
under. `make licences` writes this page from `uv.lock` and the packages' own
metadata; a test holds it against both. Tools of development and tests (the
group `dev` in `pyproject.toml`) are not delivered and not listed.

| Package | Licence |
| --- | --- |
"""
ONLY_ELSEWHERE = {
    "async-timeout": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
}
"""Packages of other platforms and Pythons, so not installed everywhere."""

SPDX = {
    "Apache": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "Dual License": "Apache-2.0 OR BSD-3-Clause",
    "New BSD": "BSD-3-Clause",
    "MIT License": "MIT",
}


def runtime_packages() -> set[str]:
    """Return what uv.lock installs without any group, on whatever platform."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    versions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for package in lock["package"]:
        versions[package["name"]].append(package)
    found: set[tuple[str, str]] = set()
    waiting = [(PROJECT, "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for package in versions[name]:
            waiting += _needs(package, extra)
    return {name for name, _ in found} - {PROJECT}


def _needs(package: dict[str, Any], extra: str) -> list[tuple[str, str]]:
    needs = (
        package.get("optional-dependencies", {}).get(extra, [])
        if extra
        else package.get("dependencies", [])
    )
    return [
        (need["name"], wanted)
        for need in needs
        for wanted in ("", *need.get("extra", ()))
    ]


def licence(package: str) -> str:
    """Return the licence as the package states it, by SPDX name where it is clear."""
    try:
        facts = metadata(package)
    except PackageNotFoundError:
        return ONLY_ELSEWHERE[package]
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in facts.get_all("Classifier") or ()
        if line.startswith("License ::")
    ]
    stated = _first(facts, "License-Expression") or _first(facts, "License")
    if not stated or len(stated.splitlines()) > 1 or len(stated) > 40:
        stated = " OR ".join(classifiers)
    return SPDX.get(stated, stated) or "not stated"


def _first(facts: PackageMetadata, name: str) -> str:
    return next(iter(facts.get_all(name) or ()), "")


def table() -> str:
    """Return the whole page."""
    return HEAD + "".join(
        f"| {package} | {licence(package)} |\n"
        for package in sorted(runtime_packages())
    )


if __name__ == "__main__":
    sys.stdout.write(table())
