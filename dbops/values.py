"""Values that print for people and stay what they are in JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

from django.utils import timezone

from stateset.lib.reports import render_bytes

UNITS = (("d", 86400), ("h", 3600), ("m", 60))


class Size(int):
    """Bytes, printed in binary units."""

    def __str__(self) -> str:
        return render_bytes(int(self))


class Span(int):
    """Seconds, printed as 30s, 5m, 4h or 7d."""

    def __str__(self) -> str:
        for unit, seconds in UNITS:
            if self >= 2 * seconds or (self >= seconds and unit != "d"):
                return f"{int(self) // seconds}{unit}"
        return f"{int(self)}s"


class Told(str):
    """A word of ours, printed as people are told it; JSON keeps the word."""

    shown: str

    @classmethod
    def of(cls, word: str, shown: str) -> Self:
        told = cls(word)
        told.shown = shown
        return told

    def __str__(self) -> str:
        return self.shown


class Ago(datetime):
    """A moment of the past, printed as 5m ago; ISO 8601 in JSON."""

    @classmethod
    def of(cls, moment: datetime) -> Self:
        return cls.fromtimestamp(moment.timestamp(), tz=UTC)

    def __str__(self) -> str:
        return f"{Span((timezone.now() - self).total_seconds())} ago"
