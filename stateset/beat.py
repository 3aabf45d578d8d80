"""What beat sends when: the schedule, in Celery's words."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from celery.schedules import crontab
from celery.signals import beat_init, setup_logging
from django.conf import settings  # noqa: TID251 -- it hands the schedule to beat
from django.utils import timezone

from stateset.lib.crontab import Crontab
from stateset.lib.schedule import Entry

logger = logging.getLogger(__name__)


def beat_schedule(entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    """Return what beat sends when, and each minute a look at what was put off.

    A message that nobody took by the next slot is dropped: that one sends its own.
    """
    beats: dict[str, dict[str, Any]] = {
        entry.name: {
            "task": "dbops.run_scheduled",
            "args": (entry.name,),
            "schedule": as_celery_has_it(entry.crontab),
            "options": {"expires": entry.crontab.gap(timezone.now()).total_seconds()},
        }
        for entry in entries
        if entry.crontab
    }
    beats["second-chances"] = {
        "task": "dbops.take_second_chances",
        "schedule": crontab(),
        "options": {"expires": 60},
    }
    return beats


def as_celery_has_it(when: Crontab) -> crontab:
    """Return a line of ours as beat takes it."""
    minutes, hours, days, months, weekdays = when.fields
    return crontab(
        minute=minutes,
        hour=hours,
        day_of_month=days,
        month_of_year=months,
        day_of_week=weekdays,
    )


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Have workers and beat log as the settings say; Celery would take the root."""


@beat_init.connect
def say_what_comes(**_: Any) -> None:
    """Log that beat lives, and what it sends next."""
    now = timezone.now()
    nexts = [
        (slot, entry.name)
        for entry in settings.SCHEDULE
        if (slot := entry.next_slot(now))
    ]
    if not nexts:
        logger.warning("The schedule is empty: every entry is switched off.")
        return
    slot, name = min(nexts)
    told = "The schedule has %d entries; next is %s at %s UTC."
    logger.info(told, len(nexts), name, f"{slot:%H:%M}")
