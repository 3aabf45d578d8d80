"""The pages under Database that show no table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from dbops.backups.storage import backup_storage
from dbops.models import RunState, ScheduledRun, SchedulePause
from stateset.accounts.models import User
from stateset.celery import app
from stateset.lib.admin.once import TOKEN_VAR
from tests.dbops.builders import store_backup
from tests.dbops.scheduling.builders import make_entry, make_run, use_entries
from tests.pages import staff, told
from tests.stateset.builders import make_user

SCHEDULE, BACKUPS = "/admin/database/schedule/", "/admin/database/backups/"
FIRST = "stateset_20261121_020000"
QUERIES = 14

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nap(settings: Settings) -> None:
    """Have one entry, whose task verifies a backup here and now."""
    app.set_current()
    use_entries(settings, make_entry())


def member_of(group: str) -> Client:
    """Return the browser of somebody of a group, as a server has it."""
    call_command("migrate", verbosity=0)
    user = make_user()
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def send(client: Client, url: str, **typed: Any) -> Any:
    token = client.get(url).context["token"]
    return client.post(url, {TOKEN_VAR: token, **typed}, follow=True)


@pytest.mark.parametrize("url", [SCHEDULE, BACKUPS, f"{BACKUPS}{FIRST}/"])
def test_the_pages_open_in_few_questions(backup_folder: Path, url: str) -> None:
    client = staff()
    store_backup(backup_storage(), FIRST)
    make_run()
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url)
    assert response.status_code == 200
    assert len(queries) <= QUERIES


def test_the_menu_leads_there() -> None:
    home = staff().get("/admin/").content.decode()
    assert f'href="{SCHEDULE}"' in home
    assert f'href="{BACKUPS}"' in home


def test_the_page_shows_when_and_how_it_stands(settings: Settings) -> None:
    use_entries(settings, make_entry(), make_entry("", name="dream"))
    slot = make_entry().slot(timezone.now())
    make_run(slot=slot, state="failed", result="", error_what="It broke off.")
    page = staff().get(SCHEDULE).content.decode()
    for words in (
        "At minute 0 past every fourth hour",
        "0 */4 * * *",
        "Off",
        "Failed in 1m",
        "It broke off",
    ):
        assert words in page, words


def test_a_person_of_no_group_sees_none_of_it() -> None:
    client = Client()
    client.force_login(make_user())
    for url in (SCHEDULE, BACKUPS, f"{SCHEDULE}nap/run/"):
        assert client.get(url).status_code == 403
    assert SCHEDULE not in client.get("/admin/").content.decode()


def test_an_auditor_sees_but_may_not_act(backup_folder: Path) -> None:
    client = member_of("Auditor")
    store_backup(backup_storage(), FIRST)
    page = client.get(SCHEDULE).content.decode()
    assert "Run now" not in page
    assert client.get(f"{BACKUPS}{FIRST}/").status_code == 200
    for url in (
        f"{SCHEDULE}nap/run/",
        f"{SCHEDULE}nap/pause/",
        f"{BACKUPS}make/",
        f"{BACKUPS}{FIRST}/verify/",
    ):
        assert client.get(url).status_code == 403
        assert client.post(url, {"reason": "because"}).status_code == 403
    assert not ScheduledRun.objects.exists()


def test_pause_wants_a_reason_and_resume_takes_it_back() -> None:
    client = staff()
    response = send(client, f"{SCHEDULE}nap/pause/", reason="")
    assert response.context["form"].errors["reason"] == ["This field is required."]

    response = send(client, f"{SCHEDULE}nap/pause/", reason="too loud")
    assert told(response) == ["nap is paused: it skips its slots until you resume it."]
    pause = SchedulePause.objects.get()
    assert (pause.name, pause.reason) == ("nap", "too loud")
    assert pause.paused_by.endswith("@example.com")
    assert client.get(f"{SCHEDULE}nap/pause/").status_code == 409

    response = send(client, f"{SCHEDULE}nap/resume/")
    assert told(response) == ["nap runs again from its next slot on."]
    assert not SchedulePause.objects.exists()


def test_a_page_sent_again_hears_so_and_loses_nothing_that_was_typed() -> None:
    client = staff()
    url = f"{SCHEDULE}nap/pause/"
    page = {TOKEN_VAR: client.get(url).context["token"], "reason": "too loud"}

    client.post(url, page)
    same = client.post(url, page, follow=True)
    other = client.post(url, {**page, "reason": "too slow"})
    still = client.post(url, page, follow=True)

    assert told(same)[-1] == "“Pause” was sent already; nothing more was done."
    assert told(still)[-1] == told(same)[-1]
    assert other.status_code == 409
    shown = other.content.decode()
    assert "was carried out already, with other words than these" in shown
    assert "<dt>Reason, as typed</dt><dd>too slow</dd>" in shown
    assert SchedulePause.objects.get().reason == "too loud"


def test_run_now_runs_once_for_a_page_clicked_twice(backup_folder: Path) -> None:
    client = staff()
    url = f"{SCHEDULE}nap/run/"
    fixed = {TOKEN_VAR: client.get(url).context["token"]}
    store_damage_free_backup()

    first = client.post(url, fixed, follow=True)
    second = client.post(url, fixed, follow=True)

    assert told(second) == ["“Run now” was sent already; nothing more was done."]
    run = ScheduledRun.objects.get()
    assert told(first) == [f"nap: {run.told}."]
    assert (run.state, run.name) == (RunState.DONE, "nap")
    assert run.asked_by.endswith("@example.com")


def store_damage_free_backup() -> None:
    call_command("backup", verbosity=0)


def test_what_a_task_refuses_is_told_and_kept(backup_folder: Path) -> None:
    response = send(staff(), f"{SCHEDULE}nap/run/")
    assert response.status_code == 409
    assert "There is no backup of the database" in response.context["refused"]
    assert ScheduledRun.objects.get().state == RunState.FAILED


def test_an_entry_that_is_not_there_is_not_found() -> None:
    assert staff().get(f"{SCHEDULE}dream/run/").status_code == 404
    assert staff().get(f"{BACKUPS}stateset_20010101_000000/").status_code == 404


def test_the_list_and_the_page_of_a_backup(backup_folder: Path) -> None:
    store_backup(backup_storage(), FIRST, reason="before the sale")
    page = staff().get(BACKUPS).content.decode()
    for words in (FIRST, "Complete", "before the sale", "12 B", "302", "dump"):
        assert words in page, words
    page = staff().get(f"{BACKUPS}{FIRST}/").content.decode()
    for words in ("orders", "300", "0001_initial", "circular foreign keys", "15.18"):
        assert words in page, words


def test_no_backup_is_said_in_words(backup_folder: Path) -> None:
    assert "There is no backup in" in staff().get(BACKUPS).content.decode()


def test_a_place_that_cannot_be_read_is_said_in_words(backup_folder: Path) -> None:
    backup_folder.touch()
    response = staff().get(BACKUPS)
    assert response.status_code == 200
    assert "The backups were not listed." in response.content.decode()


@pytest.mark.parametrize("page", ["", "verify/"])
def test_a_backup_that_cannot_be_read_leads_to_the_list_that_says_why(
    backup_folder: Path, page: str
) -> None:
    backup_folder.touch()
    response = staff().get(f"{BACKUPS}{FIRST}/{page}", follow=True)
    assert response.redirect_chain == [(BACKUPS, 302)]
    assert "The backups were not listed." in response.content.decode()
