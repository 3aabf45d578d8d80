"""A terminal that is none: what it takes and gives is text in memory."""

from __future__ import annotations

import io


class Terminal(io.StringIO):
    """Takes what a command prints, and gives what a person types."""

    def isatty(self) -> bool:
        return True
