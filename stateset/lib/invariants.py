"""The words in which an app says what must hold in its books.

An app's ``invariants.py`` offers ``invariants()``: what it proves, rule by rule.
Proving changes nothing and repairs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from stateset.lib.discovery import discover, named_rules


@dataclass(frozen=True)
class Violation:
    """One row, or pair of rows, that breaks a rule."""

    subject: str
    found: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.found}"


@dataclass(frozen=True)
class Invariant:
    """One rule: the name it is called by, what must hold, and who breaks it.

    One that ``is_long`` is begun before the others, so that all end together.
    """

    name: str
    statement: str
    find: Callable[[], Iterable[Violation]]
    is_long: bool = False


def all_invariants() -> Iterator[Invariant]:
    """Yield the rules of every app that has some."""
    for module in discover("invariants"):
        yield from module.invariants()


def named_invariants(names: Collection[str]) -> list[Invariant]:
    """Return the rules of these names, all of them for none; raise UsageError."""
    return named_rules(all_invariants(), names, refused="Nothing was proven.")


def violations(rules: Iterable[Invariant]) -> Iterator[tuple[Invariant, Violation]]:
    """Yield each row that breaks one of the rules, and which one."""
    for rule in rules:
        for violation in rule.find():
            yield rule, violation
