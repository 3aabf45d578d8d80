"""What differs from branch to branch: numbers, times, names, keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from stateset.demo.names import FIRST_NAMES, LAST_NAMES, PLACES, plain_letters

BRANCH = "\x01"
"""Stands in a line for three hexadecimal digits: the branch, as keys carry it."""

MOST_BRANCHES = 0x1000
DAY = 24 * 60
EPOCH = date(1970, 1, 1).toordinal()
SPREAD = 6 * 60
"""The same order comes to the branches within this many minutes."""

STEP = 618_033_989
"""Scatters running numbers; ends in 9, so no two of the same length meet."""


class _Days(dict[int, str]):
    """The name of each day since 1970, made when it is asked for."""

    def __missing__(self, day: int) -> str:
        name = self[day] = date.fromordinal(EPOCH + day).isoformat()
        return name


DAYS = _Days()
CLOCK = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(DAY)]


class Varying(Protocol):
    """A gap in a line, and what stands there for one branch."""

    def text(self, branch: int) -> str:
        """Return what stands there."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A minute of the past, some time earlier in each branch."""

    minute: int

    def text(self, branch: int) -> str:
        """Return the minute; seconds follow in the line."""
        minute = self.minute - branch * 131 % SPREAD
        return f"{DAYS[minute // DAY]} {CLOCK[minute % DAY]}"


@dataclass(frozen=True, slots=True)
class Number:
    """A document number: the branches take turns, so the series has no gaps."""

    series: str
    number: int
    branches: int

    def text(self, branch: int) -> str:
        """Return the number of this branch's document."""
        return f"{self.series}-{(self.number - 1) * self.branches + branch + 1:06d}"


@dataclass(frozen=True, slots=True)
class Code:
    """A code of another party, such as a tracking number: digits that never repeat."""

    head: str
    width: int
    rank: int
    branches: int

    def text(self, branch: int) -> str:
        """Return the code in this branch."""
        turn = self.rank * self.branches + branch
        return f"{self.head}{turn * STEP % 10**self.width:0{self.width}d}"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A name of our own, such as a location's: numbered from the second branch on."""

    name: str
    pattern: str

    def text(self, branch: int) -> str:
        """Return the name in this branch."""
        return self.name + self.pattern.format(branch + 1) if branch else self.name


@dataclass(frozen=True, slots=True)
class FirstName:
    """Somebody's first name; somebody else's in the next branch."""

    index: int

    def text(self, branch: int) -> str:
        """Return the name."""
        return FIRST_NAMES[(self.index + branch) % len(FIRST_NAMES)]


@dataclass(frozen=True, slots=True)
class LastName:
    """Somebody's last name; somebody else's in the next branch."""

    index: int

    def text(self, branch: int) -> str:
        """Return the name."""
        turn = self.index + branch + branch // len(FIRST_NAMES) * 7
        return LAST_NAMES[turn % len(LAST_NAMES)]


@dataclass(frozen=True, slots=True)
class Mail:
    """A customer's e-mail address: name and running number."""

    first: FirstName
    last: LastName
    number: int
    branches: int

    def text(self, branch: int) -> str:
        """Return the address."""
        first, last = self.first.text(branch), self.last.text(branch)
        turn = self.number * self.branches + branch
        return f"{plain_letters(first)}.{plain_letters(last)}{turn}@example.net"


@dataclass(frozen=True, slots=True)
class House:
    """A customer's company: of another city in each branch."""

    name: str

    def text(self, branch: int) -> str:
        """Return the name of the house there."""
        if not branch:
            return self.name
        around, place = divmod(branch, len(PLACES))
        return f"{self.name} {PLACES[place][0]}" + (f" {around + 1}" if around else "")


@dataclass(frozen=True, slots=True)
class First:
    """What is so in the first branch only."""

    there: str
    elsewhere: str

    def text(self, branch: int) -> str:
        """Return which it is."""
        return self.elsewhere if branch else self.there


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is written for each branch, or for the first alone."""

    parts: tuple[str | Varying, ...]
    is_once: bool = False

    def text(self, branch: int) -> str:
        """Return the row of one branch."""
        text = "".join(
            [part if type(part) is str else part.text(branch) for part in self.parts]  # type: ignore[union-attr]  # a str has no text()
        )
        return text.replace(BRANCH, f"{branch:03x}")

    def texts(self, branches: int) -> list[str]:
        """Return the row of each branch that has it."""
        return [self.text(branch) for branch in range(1 if self.is_once else branches)]
