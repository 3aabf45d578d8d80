"""Crontab lines in UTC: when they came last, when they come next, in words.

Five fields as cron has them, read by cronsim. Cron runs a line that names both kinds
of day on either of them, Celery only where both fit; such a line is refused, so that
nobody has to know, and so is what Celery does not know: L and #.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from cronsim import CronSim, CronSimError

FIELDS = 5
ANY_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Crontab:
    """One line that cron and Celery understand alike; made by ``parse_crontab``."""

    line: str

    def __str__(self) -> str:
        return self.line

    def last(self, moment: datetime) -> datetime:
        """Return the newest instant that is not after ``moment``."""
        # Going back, cronsim begins before the second it is given.
        start = moment.astimezone(UTC).replace(microsecond=0) + ONE_SECOND
        return next(CronSim(self.line, start, reverse=True))

    def following(self, moment: datetime) -> datetime:
        """Return the first instant after ``moment``."""
        return next(self._after(moment))

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the instants after ``start`` up to and with ``end``, in order."""
        return takewhile(lambda instant: instant <= end, self._after(start))

    def gap(self, moment: datetime) -> timedelta:
        """Return how far apart the two instants after ``moment`` are."""
        instants = self._after(moment)
        first = next(instants)
        return next(instants) - first

    @property
    def words(self) -> str:
        """Return when it comes, in words."""
        return CronSim(self.line, ANY_MOMENT).explain()

    @property
    def fields(self) -> tuple[list[int], ...]:
        """Return minutes, hours, days, months and weekdays (0 to 6, from Sunday)."""
        read = CronSim(self.line, ANY_MOMENT)
        weekdays = {int(str(number)) % 7 for number in read.weekdays}
        sets = (read.minutes, read.hours, read.days, read.months, weekdays)
        return tuple(sorted(numbers) for numbers in sets)

    def _after(self, moment: datetime) -> CronSim:
        return CronSim(self.line, moment.astimezone(UTC))


def parse_crontab(line: str) -> Crontab:
    """Return what a line means; raise ValueError that says what is wrong with it."""
    parts = line.upper().split()
    if len(parts) != FIELDS:
        raise ValueError(f"it has {len(parts)} fields, not {FIELDS}")
    if "L" in parts[2] + parts[4] or "#" in parts[4]:
        raise ValueError("it has L or #, which Celery does not know")
    try:
        read = CronSim(" ".join(parts), ANY_MOMENT)
        next(read)
    except CronSimError as error:
        raise ValueError(str(error).lower()) from error
    except StopIteration as error:
        raise ValueError("that day never comes") from error
    if not read.day_and:
        raise ValueError("it names days of the month and of the week")
    return Crontab(" ".join(parts))
