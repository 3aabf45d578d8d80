"""The table of the schedule, its variables, and what beat is told."""

from __future__ import annotations

from datetime import UTC, datetime
from inspect import signature
from typing import Any

import pytest
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from stateset.beat import as_celery_has_it, beat_schedule
from stateset.celery import app
from stateset.env import unknown_names
from stateset.lib.crontab import parse_crontab
from stateset.schedule import read_schedule

DAILY = "APP__SCHEDULE_BACKUP_DAILY"


def lines() -> dict[str, str]:
    return {entry.name: str(entry.crontab) for entry in read_schedule()}


def test_the_backups_are_at_the_times_of_the_guide() -> None:
    assert {
        name: line for name, line in lines().items() if name.startswith("backup")
    } == {
        "backup-4-hourly": "0 */4 * * *",
        "backup-daily": "0 2 * * *",
        "backup-weekly": "0 3 * * 0",
    }


def test_an_entry_is_moved_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DAILY, " 15  1 * * * ")
    assert lines()["backup-daily"] == "15 1 * * *"


def test_an_entry_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DAILY, "off")
    assert lines()["backup-daily"] == "None"
    beats = beat_schedule(read_schedule())
    assert "backup-daily" not in beats
    assert "backup-weekly" in beats


def test_a_bad_line_stops_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(DAILY, "every night")
    with pytest.raises(ImproperlyConfigured) as caught:
        read_schedule()
    assert str(caught.value) == (
        f"{DAILY} is 'every night': allowed is a crontab line in UTC, as 0 2 * * *, or"
        " off (it has 2 fields, not 5)."
    )


def test_a_misspelt_entry_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP__SCHEDULE_BACKUP_DAYLY", "off")
    assert unknown_names()["APP__SCHEDULE_BACKUP_DAYLY"] == DAILY


def test_every_entry_names_a_task_that_takes_its_arguments() -> None:
    app.loader.import_default_modules()
    for entry in read_schedule():
        signature(app.tasks[entry.task].run).bind(**entry.arguments)
    for beat in app.conf.beat_schedule.values():
        assert beat["task"] in app.tasks


def test_beat_has_each_entry_and_drops_what_is_stale() -> None:
    beats = beat_schedule(read_schedule())
    assert beats["backup-4-hourly"] == {
        "task": "dbops.run_scheduled",
        "args": ("backup-4-hourly",),
        "schedule": crontab(minute="0", hour="*/4"),
        "options": {"expires": 4 * 3600.0},
    }
    assert beats["second-chances"]["schedule"] == crontab()


@pytest.mark.parametrize(
    "line", ["0 */4 * * *", "0 3 * * 7", "*/5 * * * *", "0 9,17 * * 1-5", "0 0 1 * *"]
)
def test_celery_and_we_mean_the_same_instants(line: str) -> None:
    """A slot is computed by us and sent by beat."""
    ours = parse_crontab(line)
    instant = ours.following(datetime(2026, 11, 28, tzinfo=UTC))
    for _ in range(20):
        after = ours.following(instant)
        theirs: Any = as_celery_has_it(ours)
        theirs.nowfun = lambda now=instant: now
        start, delta, _now = theirs.remaining_delta(instant)
        assert start + delta == after
        instant = after
