"""What counts keep: the newest good backup of each of the last days, weeks and so on.

Days, ISO weeks, months and years are those of UTC, in which a backup was begun. Time
without a backup uses up no count: three months are three months that have one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


# From the shortest to the longest; the names of slots sort as time goes.
SLOTS: dict[str, Callable[[date], str]] = {
    "daily": date.isoformat,
    "weekly": _week,
    "monthly": lambda day: day.isoformat()[:7],
    "yearly": lambda day: day.isoformat()[:4],
}


@dataclass(frozen=True)
class Counts:
    """How many are kept beside all young ones; 0 is none."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0

    @property
    def negative(self) -> str:
        """The first count that is none, or nothing."""
        return next((name for name, count in asdict(self).items() if count < 0), "")


@dataclass(frozen=True)
class Filled:
    """The backup that fills a slot, by the longest one: ``rule`` is its count."""

    rule: str
    slot: str


def fill_slots(
    backups: Iterable[tuple[str, datetime]], counts: Counts
) -> dict[str, Filled]:
    """Return which slot each backup fills, by its id; one that fills none is not there.

    Of several backups in a slot the one that comes first here fills it.
    """
    days = [(backup_id, begun.astimezone(UTC).date()) for backup_id, begun in backups]
    found: dict[str, Filled] = {}
    for rule, slot_of in SLOTS.items():
        fillers: dict[str, str] = {}
        for backup_id, day in days:
            fillers.setdefault(slot_of(day), backup_id)
        for slot in sorted(fillers, reverse=True)[: getattr(counts, rule)]:
            found[fillers[slot]] = Filled(rule, slot)
    return found
