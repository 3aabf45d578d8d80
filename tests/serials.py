"""Numbers for what tests make: each once in a process, and none twice in a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

_series = [count(1)]


def next_number() -> int:
    """Return a number that nothing else that this process made has."""
    return next(_series[-1])


@contextmanager
def numbers_of_a_copy() -> Iterator[None]:
    """Give what the block makes numbers of no process: it is copied into others."""
    _series.append(count(1_000_000))
    try:
        yield
    finally:
        _series.pop()
