"""The words in which an app says how long its rows are kept.

An app's ``retention.py`` offers ``rules()``. What a rule counts is what it deletes;
rows that something else still refers to stay, whatever the rule says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from stateset.lib.discovery import discover, named_rules

Rows = QuerySet[Any]


@dataclass(frozen=True)
class Rule:
    """Which rows go after which time, and the name that the rule is called by.

    ``rows`` returns those that are over at a moment. ``unlocks`` is what opens
    append-only tables for one transaction of a database, where they need it;
    ``release`` cuts what refers to a batch loose before the batch goes.
    """

    name: str
    keep: timedelta
    rows: Callable[[datetime], Rows]
    unlocks: Callable[[str], AbstractContextManager[None]] | None = None
    release: Callable[[Rows], object] | None = None


def all_rules() -> Iterator[Rule]:
    """Yield the rules of every app that has some."""
    for module in discover("retention"):
        yield from module.rules()


def chosen_rules(names: Collection[str]) -> list[Rule]:
    """Return the rules of these names, all of them for none; raise UsageError."""
    return named_rules(all_rules(), names, refused="Nothing was purged.")
