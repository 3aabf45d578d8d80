"""Crontab lines in UTC: when they came last, when they come next, in words.

Five fields as cron has them: minute, hour, day of the month, month, day of the week.
Cron runs a line that names both kinds of day on either of them, others only where
both fit; such a line is refused, so that nobody has to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product

WEEKDAYS = (
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
)
WORKDAYS = frozenset(range(1, 6))
FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
)
# The 29th of February comes every eight years at the seldomest.
FARTHEST_DAYS = 8 * 366
SHOWN_TIMES = 4
PART = re.compile(r"(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")


@dataclass(frozen=True)
class Crontab:
    """One line, as the sets of what its fields name; made by ``parse_crontab``."""

    line: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def __str__(self) -> str:
        return self.line

    def last(self, moment: datetime) -> datetime:
        """Return the newest instant that is not after ``moment``."""
        start = moment.astimezone(UTC)
        for day in self._days(start.date(), step=-1):
            for instant in reversed(self._instants(day)):
                if instant <= start:
                    return instant
        raise ValueError(self.line)

    def following(self, moment: datetime) -> datetime:
        """Return the first instant after ``moment``."""
        start = moment.astimezone(UTC)
        for day in self._days(start.date(), step=1):
            for instant in self._instants(day):
                if instant > start:
                    return instant
        raise ValueError(self.line)

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the instants after ``start`` up to and with ``end``, in order."""
        after, until = start.astimezone(UTC), end.astimezone(UTC)
        for day in self._days(after.date(), step=1):
            if day > until.date():
                return
            for instant in self._instants(day):
                if after < instant <= until:
                    yield instant

    def gap(self, moment: datetime) -> timedelta:
        """Return how far apart the two instants after ``moment`` are."""
        first = self.following(moment)
        return self.following(first) - first

    @property
    def words(self) -> str:
        """Return when it comes, in words; the line itself where they would be long."""
        if len(self.months) < 12:
            return self.line
        which = self._which_days()
        clock = self._often() if which == "daily" else ""
        if clock:
            return clock
        times = [f"{hour:02}:{minute:02}" for hour, minute in self._times]
        if len(times) > SHOWN_TIMES:
            return self.line
        return f"{which} at {' and '.join(times)}"

    @property
    def _times(self) -> list[tuple[int, int]]:
        return list(product(sorted(self.hours), sorted(self.minutes)))

    def _often(self) -> str:
        """Return how often it comes where that is even, counted from midnight."""
        minutes, hours = _step(self.minutes, 60), _step(self.hours, 24)
        if hours == 1 and minutes:
            return "every minute" if minutes == 1 else f"every {minutes} minutes"
        if len(self.minutes) > 1 or len(self.hours) == 1 or not hours:
            return ""
        often = "every hour" if hours == 1 else f"every {hours} hours"
        minute = min(self.minutes)
        return f"{often}, {minute} minutes past" if minute else often

    def _which_days(self) -> str:
        if len(self.days) < 31:
            return f"on day {', '.join(map(str, sorted(self.days)))} of the month"
        if len(self.weekdays) == 7:
            return "daily"
        if self.weekdays == WORKDAYS:
            return "Monday to Friday"
        return " and ".join(f"{WEEKDAYS[number]}s" for number in sorted(self.weekdays))

    def _days(self, start: date, *, step: int) -> Iterator[date]:
        for distance in range(FARTHEST_DAYS):
            day = start + timedelta(days=step * distance)
            if (
                day.day in self.days
                and day.month in self.months
                and day.isoweekday() % 7 in self.weekdays
            ):
                yield day

    def _instants(self, day: date) -> list[datetime]:
        return [
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
            for hour, minute in self._times
        ]


def parse_crontab(line: str) -> Crontab:
    """Return what a line means; raise ValueError that says what is wrong with it."""
    fields = line.split()
    if len(fields) != len(FIELDS):
        raise ValueError(f"it has {len(fields)} fields, not {len(FIELDS)}")
    sets = [
        _numbers(text, name, low, high)
        for text, (name, low, high) in zip(fields, FIELDS, strict=True)
    ]
    minutes, hours, days, months, weekdays = sets
    weekdays = frozenset(number % 7 for number in weekdays)
    if len(days) < 31 and len(weekdays) < 7:
        raise ValueError("it names days of the month and of the week")
    crontab = Crontab(" ".join(fields), minutes, hours, days, months, weekdays)
    try:
        crontab.following(datetime(2024, 1, 1, tzinfo=UTC))
    except ValueError as error:
        raise ValueError("that day never comes") from error
    return crontab


def _numbers(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = PART.fullmatch(part)
        if match is None:
            raise ValueError(f"its {name} is {text!r}")
        every, first, last, step = match.groups()
        start = low if every else int(first)
        # As in cron, 10/5 goes on to the end.
        end = high if every or (step and not last) else int(last or first)
        if not low <= start <= end <= high or step in {"0", "00"}:
            raise ValueError(f"its {name} is {text!r}, not {low} to {high}")
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def _step(numbers: frozenset[int], size: int) -> int:
    """Return n where the numbers are every nth one from zero, else zero."""
    step = size // len(numbers)
    return step if numbers == frozenset(range(0, size, step)) else 0
