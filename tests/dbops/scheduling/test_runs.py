from __future__ import annotations

import os
import socket
import threading
from contextvars import Context
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from dbops.engines.registry import get_engine
from dbops.errors import DiskError, OperationBusyError
from dbops.leases import leased
from dbops.models import RunState, ScheduledRun
from dbops.scheduling.pauses import pause_entry, resume_entry
from dbops.scheduling.runs import (
    TAKEN,
    due_again,
    is_abandoned,
    lease_of,
    run_entry,
    run_slot,
)
from stateset.lib.journal import current_context
from tests.dbops.scheduling.builders import (
    NOW,
    SLOT,
    make_entry,
    make_run,
    use_entries,
)
from tests.threads import at_once

WORKER = f"{os.getpid()}@{socket.gethostname()}"


@pytest.fixture(autouse=True)
def nap(settings: Settings) -> None:
    use_entries(settings, make_entry())


def sleep() -> str:
    return "slept well"


def never() -> str:
    pytest.fail("it was run")


@pytest.mark.django_db
def test_a_slot_is_run_and_recorded(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "dbops")
    assert run_entry("nap", sleep, now=NOW) == "done: slept well"
    run = ScheduledRun.objects.get()
    assert (run.name, run.slot, run.state) == ("nap", SLOT, RunState.DONE)
    assert (run.result, run.worker, run.asked_by) == ("slept well", WORKER, "")
    assert run.finished_at is not None
    assert caplog.messages == ["nap 2026-11-28 04:00Z done: slept well"]


@pytest.mark.django_db
def test_a_slot_is_run_once() -> None:
    run_entry("nap", sleep, now=NOW)
    assert run_entry("nap", never, now=NOW + timedelta(hours=1)) == TAKEN
    assert run_entry("nap", sleep, now=NOW + timedelta(hours=4)) == "done: slept well"
    assert ScheduledRun.objects.count() == 2


@pytest.mark.django_db
def test_a_beat_whose_clock_is_ahead_means_the_slot_to_come() -> None:
    run_entry("nap", sleep, now=SLOT - timedelta(seconds=2))
    assert ScheduledRun.objects.get().slot == SLOT


@pytest.mark.django_db
def test_it_acts_under_the_name_of_the_entry() -> None:
    run_entry("nap", lambda: current_context().actor_label, now=NOW)
    assert ScheduledRun.objects.get().result == "task nap"


@pytest.mark.django_db(transaction=True)
def test_of_four_workers_at_once_exactly_one_runs_it() -> None:
    runs = []

    def work() -> str:
        runs.append(threading.get_ident())
        return "slept well"

    def flow() -> str:
        return run_entry("nap", work, now=NOW)

    results = at_once(flow, flow, flow, flow)

    assert len(runs) == 1
    assert results.count("done: slept well") == 1
    assert ScheduledRun.objects.get().state == RunState.DONE
    assert all(result.startswith(("done", "skipped")) for result in results)


@pytest.mark.django_db(transaction=True)
def test_the_row_alone_keeps_a_slot_from_running_twice() -> None:
    """Leases of two installations on one database would not meet."""
    make_run()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_run()


@pytest.mark.django_db
def test_a_refusal_is_kept_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> str:
        raise DiskError("The dump was not written.", why="the disk is full")

    said = "failed: The dump was not written. (the disk is full)"
    assert run_entry("nap", fail, now=NOW) == said
    run = ScheduledRun.objects.get()
    assert (run.error_what, run.error_why) == (
        "The dump was not written.",
        "the disk is full",
    )
    assert (caplog.records[-1].levelname, caplog.messages[-1]) == (
        "WARNING",
        f"nap 2026-11-28 04:00Z {said}",
    )


@pytest.mark.django_db
def test_a_fault_is_kept_too(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> str:
        return str(1 // 0)

    assert run_entry("nap", fail, now=NOW) == (
        "failed: The task broke off. (ZeroDivisionError: integer division or modulo by"
        " zero)"
    )
    assert caplog.records[0].exc_info is not None


@pytest.mark.django_db
def test_a_busy_database_puts_the_slot_off_and_names_the_holder() -> None:
    def busy() -> str:
        raise OperationBusyError("It is being worked on.", why="restore 7@here")

    said = "skipped: It is being worked on. (restore 7@here)"
    assert run_entry("nap", busy, now=NOW) == said
    run = ScheduledRun.objects.get()
    assert run.retry_at is not None
    assert due_again(run.retry_at - timedelta(seconds=1)) == []


@pytest.mark.django_db
def test_what_was_put_off_is_tried_again_within_its_slot() -> None:
    run = make_run(state="skipped", error_what="busy", retry_at=NOW)
    assert due_again(NOW) == ["nap"]
    assert run_entry("nap", sleep, now=NOW) == "done: slept well"
    run.refresh_from_db()
    assert (run.state, run.retry_at, run.error_what) == (RunState.DONE, None, "")


@pytest.mark.django_db
def test_what_was_put_off_is_given_up_when_the_next_slot_came() -> None:
    run = make_run(state="skipped", error_what="busy", retry_at=NOW)
    assert due_again(NOW + timedelta(hours=4)) == []
    run.refresh_from_db()
    assert run.retry_at is None


@pytest.mark.django_db
def test_an_earlier_run_that_still_works_puts_the_slot_off() -> None:
    with leased(get_engine(), "task nap", target=lease_of("nap")):
        said = Context().run(run_entry, "nap", never, now=NOW)
    assert said.startswith(f"skipped: It is being run already. (task nap {WORKER}")
    assert ScheduledRun.objects.get().retry_at is not None


@pytest.mark.django_db
def test_a_dead_worker_leaves_an_abandoned_run_that_is_taken_again_once() -> None:
    run = make_run(state="running", worker="666@gone")
    assert is_abandoned(run)
    assert due_again(NOW) == ["nap"]

    assert run_entry("nap", sleep, now=NOW) == "done: slept well"

    run.refresh_from_db()
    assert (run.state, run.deaths, run.worker) == (RunState.DONE, 1, WORKER)


@pytest.mark.django_db
def test_a_run_that_killed_two_workers_is_left_alone() -> None:
    run = make_run(state="running", worker="666@gone", deaths=1)
    assert run_entry("nap", never, now=NOW) == TAKEN
    assert due_again(NOW) == []
    run.refresh_from_db()
    assert run.told == "failed: Its worker ended without a word. (it was 666@gone)"


@pytest.mark.django_db
def test_a_run_whose_worker_lives_is_not_abandoned() -> None:
    run = make_run(state="running")
    with leased(get_engine(), "task nap", target=lease_of("nap")):
        assert not is_abandoned(run)
        assert due_again(NOW) == []
    assert is_abandoned(run)


@pytest.mark.django_db
def test_an_abandoned_run_of_an_earlier_slot_has_failed() -> None:
    run = make_run(state="running", slot=SLOT - timedelta(hours=4))
    assert due_again(NOW) == []
    run.refresh_from_db()
    assert run.state == RunState.FAILED


@pytest.mark.django_db
def test_a_paused_entry_is_skipped_and_says_who_paused_it() -> None:
    pause_entry("nap", paused_by="ann@example.com", reason="the disk is swapped")
    said = "skipped: ann@example.com paused it: the disk is swapped"
    assert run_entry("nap", never, now=NOW) == said
    run = ScheduledRun.objects.get()
    assert (run.state, run.told) == (RunState.SKIPPED, said)

    resume_entry("nap")
    assert run_entry("nap", never, now=NOW) == TAKEN
    assert run_entry("nap", sleep, now=NOW + timedelta(hours=4)) == "done: slept well"


@pytest.mark.django_db
def test_the_heavier_backup_stands_in_for_the_lighter(settings: Settings) -> None:
    heavy = make_entry("0 5 * * *", name="sleep")
    nap = make_entry(gives_way_to={"sleep": timedelta(hours=1)})
    use_entries(settings, nap, heavy)
    assert run_entry("nap", never, now=NOW) == "skipped: sleep stands in for it"
    later = NOW + timedelta(hours=4)
    assert run_entry("nap", sleep, now=later) == "done: slept well"


@pytest.mark.django_db
def test_nobody_stands_in_who_is_paused_himself(settings: Settings) -> None:
    heavy = make_entry("0 5 * * *", name="sleep")
    nap = make_entry(gives_way_to={"sleep": timedelta(hours=1)})
    use_entries(settings, nap, heavy)
    pause_entry("sleep", paused_by="ann@example.com", reason="too loud")
    assert run_entry("nap", sleep, now=NOW) == "done: slept well"


@pytest.mark.django_db
def test_an_entry_that_is_off_does_nothing(settings: Settings) -> None:
    use_entries(settings, make_entry(""))
    assert run_entry("nap", never, now=NOW) == "skipped: it is off"
    assert not ScheduledRun.objects.exists()


@pytest.mark.django_db
def test_by_hand_it_runs_at_once_under_the_name_of_who_asked() -> None:
    asked = timezone.now()
    pause_entry("nap", paused_by="ann@example.com", reason="the disk is swapped")
    assert run_slot("nap", asked, sleep, asked_by="bob@example.com").startswith("done")
    assert run_slot("nap", asked, never, asked_by="bob@example.com") == TAKEN
    assert ScheduledRun.objects.get().asked_by == "bob@example.com"
