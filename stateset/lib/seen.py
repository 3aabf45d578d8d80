"""The version of a row that a person decided about, kept until a service locks it.

A page must not lock its row itself: services lock headers before what hangs on them,
and the page's row is often the latter. So the page says what was seen, and the first
to lock or to write the row compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import Model

Key = tuple[type[Model], Any]

_seen: ContextVar[dict[Key, int] | None] = ContextVar("seen_versions", default=None)


@contextmanager
def deciding_about(row: Model) -> Iterator[None]:
    """Have the first service that locks ``row`` refuse any other version than this."""
    version = getattr(row, "version", None)
    token = _seen.set({} if version is None else {_key(row): version})
    try:
        yield
    finally:
        _seen.reset(token)


def take_seen_version(row: Model) -> int | None:
    """Return the version that was decided about, once; later changes are our own."""
    seen = _seen.get()
    return seen.pop(_key(row), None) if seen else None


def _key(row: Model) -> Key:
    return type(row), row.pk
