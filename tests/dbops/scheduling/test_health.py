"""Samples of health, the check of the schedule among them, and how long they stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from dbops.maintenance.purge import purge_records
from dbops.models import HealthSample, ScheduledRun
from dbops.monitoring.health import SETTING
from dbops.monitoring.results import CheckResult
from dbops.monitoring.sampling import look_unattended, sample_health, summarise
from dbops.scheduling.health import check_schedule
from stateset.celery import app
from tests.dbops.scheduling.builders import (
    make_entry,
    make_pause,
    make_run,
    make_sample,
    use_entries,
)
from tests.dbops.scheduling.test_overview import install
from tests.dbops.scheduling.test_pages import send
from tests.pages import staff, told

PAGE = "/admin/database/health/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nap(settings: Settings) -> None:
    use_entries(settings, make_entry())
    settings.CELERY_TASK_ALWAYS_EAGER = False
    install(timezone.now() - timedelta(days=30))


def test_a_kept_schedule_is_ok_and_says_what_is_paused() -> None:
    make_run(slot=timezone.now())
    assert check_schedule() == [
        CheckResult("schedule", "ok", "every entry ran in its time", value=0)
    ]
    make_pause()
    (found,) = check_schedule()
    assert (found.status, found.message) == (
        "ok",
        "every entry ran in its time; paused: nap",
    )


def test_a_slot_that_did_not_run_is_critical() -> None:
    (found,) = check_schedule()
    assert (found.status, found.value) == ("critical", 1)
    assert found.message.startswith("nap: it did not run at ")


def test_without_redis_it_says_that_nothing_runs(settings: Settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    (found,) = check_schedule()
    assert found.message == "nothing runs by itself: there is no Redis"


def test_another_database_has_no_schedule() -> None:
    assert check_schedule("shop") == []


def test_a_sample_keeps_what_was_found() -> None:
    results = sample_health()
    kept = {sample.name: sample for sample in HealthSample.objects.all()}
    assert {"answers", "last_backup", "schedule"} <= set(kept)
    for result in results:
        if result.hint or not result.name.startswith(SETTING):
            assert kept[result.name].message == result.message
        else:
            assert result.name not in kept


def test_without_workers_what_cron_finds_is_kept_and_not_at_every_look(
    settings: Settings,
) -> None:
    look_unattended()
    assert not HealthSample.objects.exists(), "the worker keeps its own"
    settings.CELERY_TASK_ALWAYS_EAGER = True
    look_unattended()
    kept = HealthSample.objects.count()
    look_unattended()
    assert HealthSample.objects.count() == kept > 0


def test_a_sample_in_one_line() -> None:
    results = [
        CheckResult("answers", "ok", ""),
        CheckResult("last_backup", "critical", ""),
    ]
    assert summarise(results) == "1 of 2 checks are ok, last_backup critical"


def test_old_samples_and_runs_go_and_what_runs_stays() -> None:
    old = timezone.now() - timedelta(days=100)
    make_sample(at=old)
    make_sample(at=timezone.now())
    make_run(slot=old)
    make_run(slot=old + timedelta(hours=1), state="running")
    make_run(slot=timezone.now())
    purge_records(rules=["dbops.samples", "dbops.runs"])
    assert HealthSample.objects.count() == 1
    assert ScheduledRun.objects.count() == 2


def test_the_page_shows_the_last_sample_and_the_settings_apart() -> None:
    now = timezone.now()
    make_sample(at=now - timedelta(minutes=5), status="critical", message="old")
    make_sample(at=now, message="7 of 100 are used")
    make_sample(
        at=now,
        name=f"{SETTING}wal_level",
        message="replica, advised logical",
        hint="ALTER SYSTEM SET wal_level = 'logical'",
    )
    page = staff().get(PAGE).content.decode()
    for words in (
        "7 of 100 are used",
        "not ok 1 of 2 times",
        "Settings that differ from the guide",
        "wal_level",
        "1 OK",
    ):
        assert words in page, words
    assert ">old<" not in page


def test_an_old_sample_is_called_old() -> None:
    assert "Nothing has been checked yet" in staff().get(PAGE).content.decode()
    make_sample(at=timezone.now() - timedelta(hours=1))
    assert "What stands here is old" in staff().get(PAGE).content.decode()


def test_check_now_takes_a_sample(settings: Settings) -> None:
    app.set_current()
    settings.CELERY_TASK_ALWAYS_EAGER = True
    response = send(staff(), f"{PAGE}check/")
    assert told(response)[0].startswith("health-by-hand: done: ")
    assert HealthSample.objects.filter(name="answers").exists()
