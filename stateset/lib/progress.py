"""A progress bar for people who watch, lines for who asks for them, else silence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

WIDTH = 30
LINE_EVERY = 10
"""Percent from one line to the next."""

_teller: ContextVar[Callable[[str], None] | None] = ContextVar("teller", default=None)


@contextmanager
def told_in_lines(tell: Callable[[str], None]) -> Iterator[None]:
    """Have progress in here told to ``tell`` where no terminal shows a bar."""
    token = _teller.set(tell)
    try:
        yield
    finally:
        _teller.reset(token)


@contextmanager
def progress(
    label: str, total: int, *, stream: TextIO | None = None
) -> Iterator[Callable[[], None]]:
    """Yield a function to be called after each of ``total`` steps.

    Draws on standard error, and only where that is a terminal; see also
    :func:`told_in_lines`.
    """
    out = stream or sys.stderr
    show = _bar(label, out) if out.isatty() else _lines(label)
    done = 0
    show(0)

    def advance() -> None:
        nonlocal done
        done += 1
        percent = done * 100 // max(total, 1)
        if percent != (done - 1) * 100 // max(total, 1):
            show(percent)

    yield advance
    if out.isatty():
        out.write("\n")


def _bar(label: str, out: TextIO) -> Callable[[int], None]:
    def show(percent: int) -> None:
        bar = "#" * (WIDTH * percent // 100)
        out.write(f"\r{label} [{bar:<{WIDTH}}] {percent:3d} %")
        out.flush()

    return show


def _lines(label: str) -> Callable[[int], None]:
    tell = _teller.get()
    told = 0

    def show(percent: int) -> None:
        nonlocal told
        if tell and percent >= told + LINE_EVERY:
            told = percent - percent % LINE_EVERY
            tell(f"{label}: {told} %")

    return show
