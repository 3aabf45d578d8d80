from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from dbops.engines.registry import get_engine
from dbops.leases import leased
from dbops.scheduling.overview import (
    FIRST_MIGRATION,
    EntryState,
    missed_slots,
    schedule_state,
)
from dbops.scheduling.pauses import pause_entry
from dbops.scheduling.runs import lease_of
from dbops.tiles import schedule_tile
from stateset.lib.tiles import Level
from tests.dbops.scheduling.builders import (
    SLOT,
    make_entry,
    make_run,
    use_entries,
)

LATER = SLOT + timedelta(minutes=30)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nap(settings: Settings) -> None:
    use_entries(settings, make_entry())
    install(SLOT - timedelta(days=30))


def install(moment: datetime) -> None:
    app, name = FIRST_MIGRATION
    MigrationRecorder.Migration.objects.filter(app=app, name=name).update(
        applied=moment
    )


def state(now: datetime = LATER) -> EntryState:
    return schedule_state(now)[0]


def judged(now: datetime = LATER) -> tuple[str, str]:
    found = state(now)
    return found.state, found.why


def test_a_slot_that_was_run_is_ok() -> None:
    run = make_run()
    found = state()
    assert (found.state, found.why, found.last_run) == ("ok", "slept", run)
    assert found.next_slot == SLOT + timedelta(hours=4)


def test_a_slot_that_did_not_run_is_late_after_a_while() -> None:
    make_run(slot=SLOT - timedelta(hours=4))
    assert judged(SLOT + timedelta(minutes=9))[0] == "ok"
    assert judged() == ("late", "it did not run at 2026-11-28 04:00 UTC")
    last = state().last_run
    assert last is not None
    assert last.slot == SLOT - timedelta(hours=4)


def test_a_run_by_hand_makes_up_for_a_slot() -> None:
    make_run(slot=SLOT + timedelta(minutes=20), asked_by="ann@example.com")
    assert judged()[0] == "ok"


def test_a_failure_counts_from_its_minute_on_until_it_runs_again() -> None:
    make_run(slot=SLOT - timedelta(hours=4))
    make_run(
        state="failed", result="", error_what="It broke off.", error_why="disk full"
    )
    told = "failed: It broke off. (disk full)"
    assert judged(SLOT + timedelta(minutes=1)) == ("failed", told)
    make_run(slot=SLOT + timedelta(minutes=20), asked_by="ann@example.com")
    assert judged()[0] == "ok"


def test_a_run_at_work_is_running_then_too_long() -> None:
    make_run(state="running", result="")
    with leased(get_engine(), "task nap", target=lease_of("nap")):
        assert judged() == ("running", "on 1@here")
        assert judged(SLOT + 2 * HOUR) == (
            "late",
            "it has been running for 2h, and should take 1h at most",
        )


def test_a_run_of_a_dead_worker_is_told() -> None:
    make_run(state="running", result="", worker="666@gone")
    assert judged() == ("late", "abandoned: its worker 666@gone is gone")


def test_a_slot_that_was_put_off_waits_then_is_late() -> None:
    make_run(state="skipped", result="", error_what="busy", retry_at=LATER)
    assert judged() == ("waiting", "skipped: busy")
    assert judged(SLOT + 2 * HOUR)[0] == "late"


def test_before_its_first_slot_an_entry_waits() -> None:
    for minutes in (5, -20):
        # With what it takes to set a shop up before anything runs.
        install(SLOT + timedelta(minutes=minutes))
        assert judged() == ("waiting", "its first time is still to come")
        assert missed_slots(LATER) == {}
    install(SLOT - timedelta(minutes=40))
    assert judged()[0] == "late"


def test_a_paused_entry_and_one_that_is_off(settings: Settings) -> None:
    use_entries(settings, make_entry(), make_entry("", name="dream"))
    pause_entry("nap", paused_by="ann@example.com", reason="too loud")
    assert [(each.state, each.why) for each in schedule_state(LATER)] == [
        ("paused", "ann@example.com: too loud"),
        ("off", ""),
    ]


def test_who_stands_in_is_named(settings: Settings) -> None:
    nap = make_entry(gives_way_to={"sleep": HOUR})
    use_entries(settings, nap, make_entry("0 5 * * *", name="sleep"))
    assert judged() == ("ok", "sleep stood in for it")
    assert SLOT not in missed_slots(LATER)["nap"]


def test_the_slots_of_a_day_that_did_not_run() -> None:
    for hours in (4, 8, 16):
        make_run(slot=SLOT - timedelta(hours=hours))
    given_up = SLOT - timedelta(hours=12)
    make_run(slot=given_up, state="skipped", result="", error_what="busy")
    install(SLOT - timedelta(hours=17))
    assert missed_slots(LATER) == {"nap": [given_up, SLOT]}


def test_it_costs_a_few_questions_however_long_the_history(settings: Settings) -> None:
    use_entries(settings, *(make_entry(name=f"nap-{n}") for n in range(8)))
    for number in range(6):
        make_run(name=f"nap-{number}")
    with CaptureQueriesContext(connection) as queries:
        schedule_state(LATER)
    assert len(queries) <= 7


@pytest.mark.parametrize(
    ("state", "value", "level", "note"),
    [
        ("done", "OK", "ok", "next nap in 3h"),
        ("failed", "Failed", "critical", "nap: failed: It broke off."),
    ],
)
def test_the_tile_tells_the_worst(
    settings: Settings, state: str, value: str, level: Level, note: str
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    make_run(state=state, result="", error_what="It broke off." * (state == "failed"))
    tile = schedule_tile(schedule_state(LATER), LATER)
    assert (tile.value, tile.level, tile.note) == (value, level, note)


def test_without_redis_the_tile_says_that_nothing_runs(settings: Settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    tile = schedule_tile(schedule_state(LATER), LATER)
    assert (tile.value, tile.level) == ("Off", "warning")
