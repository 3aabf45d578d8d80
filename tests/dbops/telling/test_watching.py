"""What is looked at every few minutes, and what a run comes to, is told."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import OperationalError, connections
from django.utils import timezone
from pytest_django import Settings

from dbops.backups.storage import backup_storage
from dbops.engines.registry import get_engine
from dbops.errors import DiskError
from dbops.leases import leased
from dbops.monitoring.watching import telling_of_a_lost_database, watch_health
from dbops.scheduling.runs import due_again, run_entry
from tests.dbops.builders import store_backup
from tests.dbops.recovery.builders import BACKUP, make_request
from tests.dbops.scheduling.builders import NOW, make_entry, make_run, use_entries
from tests.dbops.scheduling.test_overview import install
from tests.services.inbox import Inbox
from tests.stateset.builders import make_user

Subjects = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def nap(settings: Settings, backup_folder: Path) -> None:
    use_entries(settings, make_entry())
    settings.CELERY_TASK_ALWAYS_EAGER = False


def fail() -> str:
    raise DiskError("The dump was not written.", why="the disk is full")


@pytest.mark.django_db
def test_a_check_that_turns_critical_is_told_and_so_is_its_end(
    by_mail: Inbox, subjects: Subjects
) -> None:
    watch_health()
    watch_health()
    assert subjects() == ["last_backup is critical"]
    assert "  there is none\n  fix: run backup" in by_mail.mails[0]["body"]
    moment = datetime.now(UTC)
    stem = f"stateset_{moment:%Y%m%d_%H%M%S}"
    store_backup(backup_storage(), stem, started_at=moment)
    watch_health()
    assert subjects()[1:] == ["last_backup is well again"]


@pytest.mark.django_db
def test_an_entry_that_is_late_is_told_and_its_run_by_hand_ends_it(
    subjects: Subjects,
) -> None:
    install(timezone.now() - timedelta(days=30))
    watch_health()
    assert subjects() == ["last_backup is critical and 1 more"]
    run_entry("nap", lambda: "slept")
    watch_health()
    assert subjects()[1:] == ["nap is well again"]


@pytest.mark.django_db
def test_a_run_that_fails_is_told_at_once_and_once(
    by_mail: Inbox, subjects: Subjects
) -> None:
    run_entry("nap", fail, now=NOW)
    assert subjects() == ["nap failed"]
    assert "  why: the disk is full\n" in by_mail.mails[0]["body"]
    run_entry("nap", fail, now=NOW + timedelta(hours=4))
    with leased(get_engine(), "restore"):
        # Put off is not failed, nor well again.
        run_entry("nap", fail, now=NOW + timedelta(hours=7))
    run_entry("nap", lambda: "slept", now=NOW + timedelta(hours=8))
    assert subjects() == ["nap failed", "nap is well again"]


@pytest.mark.django_db
def test_what_killed_two_workers_is_told(subjects: Subjects) -> None:
    make_run(state="running", deaths=1, result="")
    due_again(NOW)
    assert subjects() == ["nap failed"]


@pytest.mark.django_db
def test_a_restore_that_two_people_wanted_and_that_failed_is_told(
    by_mail: Inbox, subjects: Subjects
) -> None:
    ada, now = make_user(), timezone.now()
    refused = {"decided_key": "2", "decided_at": now, "finished_at": now}
    make_request(ada, state="refused", **refused)
    make_request(ada, state="failed", error_what="No room.", **refused)
    watch_health()
    watch_health()
    (mail,) = by_mail.mails
    told = f"the restore of {BACKUP} failed\n  No room., asked for by "
    assert told in mail["body"]
    assert "(a wrong price list)" in mail["body"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_tells_that_the_database_does_not_answer(
    by_mail: Inbox, subjects: Subjects
) -> None:
    settings = connections["default"].settings_dict
    name, settings["NAME"] = settings["NAME"], "/nowhere/lost"
    try:
        for _ in range(2):
            with pytest.raises(OperationalError), telling_of_a_lost_database():
                raise OperationalError("the server closed the connection")
    finally:
        settings["NAME"] = name
    assert subjects() == ["answers is critical"]
    with pytest.raises(OperationalError), telling_of_a_lost_database():
        raise OperationalError("the statement took too long")
    watch_health()
    assert subjects()[1].startswith("answers is well again and 1 more")


@pytest.mark.django_db
def test_a_message_is_sent_to_try_it(by_mail: Inbox, subjects: Subjects) -> None:
    output = io.StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("db_health", "--tell", stdout=output)
    assert caught.value.code == 2
    assert "; told by mail" in output.getvalue()
    assert subjects() == ["default is critical"]
    assert "last_backup: critical\n  there is none\n" in by_mail.mails[0]["body"]
