"""A progress bar for people who watch; silence for cron."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

WIDTH = 30


@contextmanager
def progress(
    label: str, total: int, *, stream: TextIO | None = None
) -> Iterator[Callable[[], None]]:
    """Yield a function to be called after each of ``total`` steps.

    Draws on standard error, and only where that is a terminal.
    """
    out = stream or sys.stderr
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        percent = done * 100 // max(total, 1)
        if out.isatty() and percent != (done - 1) * 100 // max(total, 1):
            bar = "#" * (WIDTH * percent // 100)
            out.write(f"\r{label} [{bar:<{WIDTH}}] {percent:3d} %")
            out.flush()

    yield advance
    if out.isatty():
        out.write("\n")
