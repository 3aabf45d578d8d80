"""How long the steps of an operation take, for whoever asks; nobody has to.

An engine says ``with step("load"):`` around what it does, wherever that is. Without
``measured`` around the whole nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

_watch: ContextVar[_Watch | None] = ContextVar("steps_watch", default=None)


class _Watch:
    """Adds up what each step took, less the steps inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._within: list[str] = []
        self._since = perf_counter()

    def enter(self, name: str) -> None:
        self._count()
        self._within.append(name)

    def leave(self) -> None:
        self._count()
        self._within.pop()

    def _count(self) -> None:
        now = perf_counter()
        if self._within:
            name = self._within[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Give the seconds of each step of the block by its name; they grow meanwhile."""
    watch = _Watch()
    token = _watch.set(watch)
    try:
        yield watch.seconds
    finally:
        _watch.reset(token)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Count the block as part of a step."""
    watch = _watch.get()
    if watch is None:
        yield
        return
    watch.enter(name)
    try:
        yield
    finally:
        watch.leave()
