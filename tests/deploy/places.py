"""The files that an installation begins with, and how tests read them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def read_text(name: str) -> str:
    """Return a file of ``deploy/``."""
    return (DEPLOY / name).read_text(encoding="utf-8")


def read_yaml(name: str) -> Any:
    """Return what a YAML file of ``deploy/`` says."""
    return yaml.safe_load(read_text(name))


def the_one(pattern: str, text: str) -> str:
    """Return the first group where the text has the pattern; it must have it."""
    found = re.search(pattern, text)
    assert found is not None, f"{pattern} is not in {text}"
    return str(found[1])


def services(name: str) -> dict[str, dict[str, Any]]:
    """Return the services of a Compose file by their names."""
    found: dict[str, dict[str, Any]] = read_yaml(name)["services"]
    return found
