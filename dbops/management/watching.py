"""What commands that look share: how much to show, and to look again and again."""

from __future__ import annotations

import re
import time
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandParser

from stateset.lib.commands import StatesetCommand

SHOWN = 20
WATCH_SECONDS = 5
CLEAR = "\x1b[H\x1b[2J"
SPAN = re.compile(r"(\d+)([smhd])")
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def span(text: str) -> int:
    """Return the seconds of 30s, 5m, 4h or 7d."""
    found = SPAN.fullmatch(text)
    if found is None or not int(found[1]):
        raise ArgumentTypeError(f"{text!r} is not a time span, as 30s, 5m, 4h or 7d")
    return int(found[1]) * UNIT_SECONDS[found[2]]


def count(text: str) -> int:
    """Return a number of rows, one at least."""
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is not a number of rows, as 20")
    return int(text)


class WatchingCommand(StatesetCommand):
    """A command with ``--limit``, and with ``--watch`` until Ctrl-C."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--limit",
            type=count,
            default=SHOWN,
            metavar="N",
            help="How many rows to show of each table (default: %(default)s).",
        )
        parser.add_argument(
            "--watch",
            action="store_true",
            help=f"Look again every {WATCH_SECONDS} seconds, until Ctrl-C.",
        )

    def handle(self, *, watch: bool = False, **options: Any) -> None:
        if not watch:
            super().handle(**options)
            return
        try:
            while True:
                if self.stdout.isatty():
                    self.stdout.write(CLEAR, ending="")
                super().handle(**self.each_time(options))
                self.pause()
        except KeyboardInterrupt:
            return

    def each_time(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options of each look."""
        return options

    def pause(self) -> None:
        """Wait for the next look."""
        time.sleep(WATCH_SECONDS)
