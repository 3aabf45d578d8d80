"""Entries and runs of the schedule for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_django import Settings

from dbops.models import HealthSample, ScheduledRun, SchedulePause
from stateset.lib.crontab import parse_crontab
from stateset.lib.schedule import Entry

# A Saturday.
NOW = datetime(2026, 11, 28, 4, 1, tzinfo=UTC)
SLOT = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)


def make_entry(line: str = "0 */4 * * *", **overrides: Any) -> Entry:
    """Return an entry called ``nap``; "" switches it off."""
    values: dict[str, Any] = {
        "name": "nap",
        "task": "dbops.verify_backup",
        "crontab": parse_crontab(line) if line else None,
        "what": "sleeps a little",
        "limit": timedelta(hours=1),
    }
    return Entry(**values | overrides)


def use_entries(settings: Settings, *entries: Entry) -> None:
    """Have these be the whole schedule."""
    settings.SCHEDULE = entries


def make_run(**overrides: Any) -> ScheduledRun:
    """Return a saved run of ``nap`` that is done."""
    slot = overrides.get("slot", SLOT)
    values: dict[str, Any] = {
        "name": "nap",
        "slot": SLOT,
        "state": "done",
        "started_at": slot,
        "worker": "1@here",
        "result": "slept",
    }
    values |= overrides
    if values["state"] != "running":
        values.setdefault("finished_at", values["started_at"] + timedelta(minutes=1))
    return ScheduledRun.objects.create(**values)


def make_pause(**overrides: Any) -> SchedulePause:
    """Return a saved pause of ``nap``."""
    values = {"name": "nap", "paused_by": "ann@example.com", "reason": "too loud"}
    return SchedulePause.objects.create(**values | overrides)


def make_sample(**overrides: Any) -> HealthSample:
    """Return a saved sample that is ok."""
    values: dict[str, Any] = {
        "at": NOW,
        "name": "connections",
        "status": "ok",
        "value": 0.07,
        "unit": "share",
        "message": "7 of 100 are used",
    }
    return HealthSample.objects.create(**values | overrides)
