"""Prove the same rules again and again: ask the same, without building questions.

Most of the time of a rule goes into building its statements, which are the same each
time. Where they found nothing, the next proof asks them as they are, and the rule
itself only if one of them finds something now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection

from stateset.lib.invariants import Invariant, Violation, violations

Statement = tuple[str, Any]
DATE = re.compile(r"datetime|\d{4}-\d\d-\d\d")
_empty: dict[tuple[str, Any], list[Statement]] = {}
"""The statements of a rule, on an engine, that found nothing the last time."""


def broken(rules: Iterable[Invariant]) -> Iterator[tuple[Invariant, Violation]]:
    """Yield what ``violations`` does, sooner where rules were proven before."""
    for rule in rules:
        key = (connection.vendor, rule.find)
        if key not in _empty or any(_finds(each) for each in _empty[key]):
            _empty.pop(key, None)
            asked: list[Statement] = []
            with connection.execute_wrapper(_noting(asked)):
                found = list(violations([rule]))
            yield from found
            if asked and not found and not any(map(_may_change, asked)):
                _empty[key] = asked


def _noting(asked: list[Statement]) -> Callable[..., Any]:
    def note(execute: Any, sql: str, params: Any, *others: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, *others)

    return note


def _may_change(statement: Statement) -> bool:
    """Say whether it found something, or would be another one at another time."""
    return DATE.search(repr(statement)) is not None or _finds(statement)


def _finds(statement: Statement) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return bool(cursor.fetchall())
