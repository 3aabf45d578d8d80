"""What differs from branch to branch: numbers, times, names, keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import count, repeat
from typing import Protocol

from stateset.demo.names import FIRST_NAMES, LAST_NAMES, PLACES, plain_letters

BRANCH = "\x01"
"""Stands in a line for three hexadecimal digits: the branch, as keys carry it."""

MOST_BRANCHES = 0x1000
DIGITS = [f"{branch:03x}" for branch in range(MOST_BRANCHES)]
DAY = 24 * 60
EPOCH = date(1970, 1, 1).toordinal()
SPREAD = 6 * 60
"""The same order comes to the branches within this many minutes."""

EARLIER = [branch * 131 % SPREAD for branch in range(MOST_BRANCHES)]
STEP = 618_033_989
"""Scatters running numbers; ends in 9, so no two of the same length meet."""


class _Minutes(dict[int, str]):
    """Each minute since 1970 as it is written, made when it is asked for."""

    def __missing__(self, minute: int) -> str:
        day, at = divmod(minute, DAY)
        name = date.fromordinal(EPOCH + day).isoformat()
        text = self[minute] = f"{name} {at // 60:02d}:{at % 60:02d}"
        return text


MINUTES = _Minutes()


class Varying(Protocol):
    """A gap in a line, and what stands there in each branch."""

    def texts(self, branches: int) -> Iterable[str]:
        """Return what stands there in each of so many branches."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A minute of the past, some time earlier in each branch."""

    minute: int

    def texts(self, branches: int) -> list[str]:
        """Return the minutes; seconds follow in the line."""
        minute = self.minute
        return [MINUTES[minute - earlier] for earlier in EARLIER[:branches]]


@dataclass(frozen=True, slots=True)
class Number:
    """A document number: the branches take turns, so the series has no gaps."""

    series: str
    number: int

    def texts(self, branches: int) -> list[str]:
        """Return the number of each branch's document."""
        first = (self.number - 1) * branches + 1
        series = self.series
        return [f"{series}-{turn:06d}" for turn in range(first, first + branches)]


@dataclass(frozen=True, slots=True)
class Code:
    """A code of another party, such as a tracking number: digits that never repeat."""

    head: str
    width: int
    rank: int

    def texts(self, branches: int) -> list[str]:
        """Return the code in each branch."""
        first = self.rank * branches
        head, width, end = self.head, self.width, 10**self.width
        return [
            f"{head}{turn * STEP % end:0{width}d}"
            for turn in range(first, first + branches)
        ]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A name of our own, such as a location's: numbered from the second branch on."""

    name: str
    pattern: str

    def texts(self, branches: int) -> list[str]:
        """Return the name in each branch."""
        return [self.name] + [
            self.name + self.pattern.format(number) for number in range(2, branches + 1)
        ]


@dataclass(frozen=True, slots=True)
class FirstName:
    """Somebody's first name; somebody else's in the next branch."""

    index: int

    def texts(self, branches: int) -> list[str]:
        """Return the names."""
        count = len(FIRST_NAMES)
        return [FIRST_NAMES[(self.index + turn) % count] for turn in range(branches)]


@dataclass(frozen=True, slots=True)
class LastName:
    """Somebody's last name; somebody else's in the next branch."""

    index: int

    def texts(self, branches: int) -> list[str]:
        """Return the names."""
        again, count = len(FIRST_NAMES), len(LAST_NAMES)
        return [
            LAST_NAMES[(self.index + turn + turn // again * 7) % count]
            for turn in range(branches)
        ]


@dataclass(frozen=True, slots=True)
class Mail:
    """A customer's e-mail address: name and running number."""

    first: FirstName
    last: LastName
    number: int

    def texts(self, branches: int) -> list[str]:
        """Return the addresses."""
        people = zip(
            self.first.texts(branches),
            self.last.texts(branches),
            count(self.number * branches),
            strict=False,
        )
        return [
            f"{plain_letters(first)}.{plain_letters(last)}{turn}@example.net"
            for first, last, turn in people
        ]


@dataclass(frozen=True, slots=True)
class House:
    """A customer's company: of another city in each branch."""

    name: str

    def texts(self, branches: int) -> list[str]:
        """Return the name of the house there."""
        return [self.name, *map(self._there, range(1, branches))]

    def _there(self, branch: int) -> str:
        around, place = divmod(branch, len(PLACES))
        return f"{self.name} {PLACES[place][0]}" + (f" {around + 1}" if around else "")


@dataclass(frozen=True, slots=True)
class First:
    """What is so in the first branch only."""

    there: str
    elsewhere: str

    def texts(self, branches: int) -> list[str]:
        """Return which it is."""
        return [self.there] + [self.elsewhere] * (branches - 1)


@dataclass(frozen=True, slots=True)
class Branch:
    """The digits of the branch, inside a key."""

    def texts(self, branches: int) -> list[str]:
        """Return the digits."""
        return DIGITS[:branches]


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is written for each branch, or for the first alone."""

    parts: tuple[str | Varying, ...]
    is_once: bool = False

    def texts(self, branches: int) -> list[str]:
        """Return the row of each branch that has it."""
        there = 1 if self.is_once else branches
        columns = [
            repeat(part, there) if isinstance(part, str) else part.texts(branches)
            for part in self.parts
        ]
        # Ends with the shortest column: numbers are worked out for all branches.
        return list(map("".join, zip(repeat("", there), *columns, strict=False)))
