"""The Celery application: who runs the tasks, and under whose name."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import beat_init, setup_logging
from django.conf import settings  # noqa: TID251 -- it hands the schedule to beat
from django.utils import timezone

from stateset.lib.crontab import Crontab
from stateset.lib.journal import acting, current_context
from stateset.lib.schedule import Entry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
# In a web process wsgi.py was first.
os.environ.setdefault("STATESET_PROCESS", "worker")

logger = logging.getLogger(__name__)


class JournalTask(Task):  # type: ignore[type-arg]  # it takes none at run time
    """A task whose changes say in the audit trail which task made them.

    One that runs inside a request acts for whoever sent that.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        context = current_context()
        with acting(
            actor_label=context.actor_label or f"task {self.name}",
            request_id=context.request_id or self.request.id or "",
        ):
            return super().__call__(*args, **kwargs)


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
    return crontab(
        minute=sorted(when.minutes),
        hour=sorted(when.hours),
        day_of_month=sorted(when.days),
        month_of_year=sorted(when.months),
        day_of_week=sorted(when.weekdays),
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


app = Celery("stateset", task_cls=JournalTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = beat_schedule(settings.SCHEDULE)
