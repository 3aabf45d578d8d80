"""What is measured of a database's health, and what its settings should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reading:
    """One figure; ``value`` is None where it is unknown, and ``why`` says why.

    ``words`` is what a sentence about it needs besides.
    """

    name: str
    value: float | None
    words: Mapping[str, object] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Advice:
    """One setting as it is and as the guide has it; ``statement`` would change it.

    ``is_dangerous`` marks a value that can lose data or the database itself.
    """

    name: str
    seen: str
    advised: str
    is_followed: bool
    is_dangerous: bool
    why: str
    statement: str
