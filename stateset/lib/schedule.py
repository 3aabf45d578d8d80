"""The vocabulary of the schedule: what one entry of it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from stateset.lib.crontab import Crontab

ONE_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Entry:
    """One thing that is done on a schedule; no ``crontab`` where it is switched off.

    ``what`` is the end of "It …". After ``limit`` a run takes too long. A slot is
    left to an entry of ``gives_way_to`` whose own slot lies no farther away.
    """

    name: str
    task: str
    crontab: Crontab | None
    what: str
    limit: timedelta
    arguments: Mapping[str, Any] = field(default_factory=dict)
    gives_way_to: Mapping[str, timedelta] = field(default_factory=dict)

    def slot(self, moment: datetime) -> datetime | None:
        """Return the newest slot that is not after ``moment``."""
        return self.crontab.last(moment) if self.crontab else None

    def next_slot(self, moment: datetime) -> datetime | None:
        """Return the first slot after ``moment``."""
        return self.crontab.following(moment) if self.crontab else None

    def comes_often(self, moment: datetime) -> bool:
        """Return whether it runs again within the hour."""
        return self.crontab is not None and self.crontab.gap(moment) < ONE_HOUR

    def has_slot_near(self, moment: datetime, distance: timedelta) -> bool:
        """Return whether a slot lies no farther than ``distance`` from ``moment``."""
        if self.crontab is None:
            return False
        return self.crontab.last(moment + distance) >= moment - distance
