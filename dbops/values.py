"""Values that print for people and stay what they are in JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

from django.utils import timezone

from stateset.lib.reports import render_bytes

LABEL = 37
UNITS = (("d", 86400), ("h", 3600), ("m", 60))


class Size(int):
    """Bytes, printed in binary units."""

    @classmethod
    def of(cls, size: int | None) -> Self | None:
        """Return a size, or None for one that is unknown."""
        return None if size is None else cls(size)

    def __str__(self) -> str:
        return render_bytes(int(self))


class NarrowSize(Size):
    """Bytes in few letters, for tables of many sizes: 12 KiB, 1.5 MiB."""

    def __str__(self) -> str:
        number, _, unit = render_bytes(int(self)).partition(" ")
        return f"{number.partition('.')[0] if len(number) > 3 else number} {unit}"


class Span(int):
    """Seconds, printed as 30s, 5m, 4h or 7d."""

    def __str__(self) -> str:
        for unit, seconds in UNITS:
            if self >= 2 * seconds or (self >= seconds and unit != "d"):
                return f"{int(self) // seconds}{unit}"
        return f"{int(self)}s"


class Took(float):
    """Seconds that were measured, printed as 0.4s, 90s, 2m 05s or 3h 07m."""

    def __str__(self) -> str:
        if self < 10:
            return f"{float(self):.1f}s"
        minutes, seconds = divmod(round(self), 60)
        if minutes < 2:
            return f"{round(self)}s"
        if minutes < 120:
            return f"{minutes}m {seconds:02}s"
        return f"{minutes // 60}h {minutes % 60:02}m"


class Ago(datetime):
    """A moment of the past, printed as 5m ago; ISO 8601 in JSON."""

    @classmethod
    def of(cls, moment: datetime) -> Self:
        return cls.fromtimestamp(moment.timestamp(), tz=UTC)

    def __str__(self) -> str:
        return f"{Span((timezone.now() - self).total_seconds())} ago"


class Estimate(int):
    """A number that nobody counted, printed as ~1234."""

    @classmethod
    def of(cls, number: int | None, *, is_counted: bool) -> int | None:
        return number if is_counted or number is None else cls(number)

    def __str__(self) -> str:
        return f"~{int(self)}"


class Label(str):
    """A name, printed with its middle left out where it is long; whole in JSON."""

    __slots__ = ()

    def __str__(self) -> str:
        if len(self) <= LABEL:
            return self[:]
        half = (LABEL - 1) // 2
        return f"{self[:half]}…{self[-half:]}"


class Age(Ago):
    """A moment of the past, printed as 5m where the column says what it is."""

    def __str__(self) -> str:
        return super().__str__().removesuffix(" ago")
