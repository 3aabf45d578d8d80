"""What the pages of the backups tell of drills and pins, and their buttons."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dbops.backups.catalogue import Verdict, write_verdict
from dbops.backups.holds import read_pins
from dbops.backups.prune import explain_backups
from dbops.backups.storage import backup_places, backup_storage
from dbops.engines.verbs.proof import Look
from dbops.models import ScheduledRun
from dbops.recovery.drill_reports import read_reports, write_report
from stateset.celery import app
from stateset.lib.admin.once import TOKEN_VAR
from tests.dbops.builders import make_report, store_backup
from tests.pages import staff, told

BACKUPS = "/admin/database/backups/"
FIRST, SECOND = "stateset_20261121_020000", "stateset_20261122_020000"
DRILL = f"{BACKUPS}drills/{make_report().id}/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_tasks(backup_folder: Path) -> None:
    app.set_current()


def send(client: Client, url: str, **typed: Any) -> Any:
    token = client.get(url).context["token"]
    return client.post(url, {TOKEN_VAR: token, **typed}, follow=True)


def page(url: str) -> str:
    response = staff().get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_tells_what_was_proven_and_how_sizes_grow() -> None:
    storage, now = backup_storage(), timezone.now()
    store_backup(storage, FIRST, started_at=now)
    assert "No restore has been proven yet" in page(BACKUPS)
    manifest = store_backup(
        storage,
        SECOND,
        dump=b"more of all the rows",
        started_at=now,
        finished_at=now + timedelta(seconds=2),
    )
    verdict = Verdict(
        "restore", is_good=True, verified_at=now, stored_sha256=manifest.stored.sha256
    )
    write_verdict(storage, SECOND, verdict)
    write_report(storage, make_report(backup_id=SECOND))
    write_report(
        storage,
        make_report(
            id="drill_20261123_030000_00000000", state="failed", why="a row is lost"
        ),
    )
    shown = page(BACKUPS)
    for words in (
        f"all of {SECOND} came back in 72s, 1h are allowed",
        "+66.7 %",
        "2.0s",
        DRILL,
        "Restores on trial, newest first",
        "a row is lost",
    ):
        assert words in shown, words
    assert "a row is lost" not in page(f"{BACKUPS}{SECOND}/")


def test_each_copy_tells_where_it_lies_and_what_is_missing_is_told(
    vault: Path,
) -> None:
    local, far = backup_places()
    now = timezone.now()
    for place in (local, far):
        store_backup(place, FIRST, started_at=now)
    store_backup(far, SECOND, started_at=now, dump=b"more of all the rows")
    shown = page(BACKUPS)
    assert shown.count('<td data-label="Location">local</td>') == 1
    assert shown.count('<td data-label="Location">vault</td>') == 2
    assert shown.index(SECOND) < shown.index(FIRST)
    assert shown.count("+66.7 %") == 1
    for words in ("2 backups, ", "local lacks 1 backup that it would keep"):
        assert words in shown, words
    (Path(far.location) / f"{FIRST}.dump").write_bytes(b"not all the rows")
    shown = page(f"{BACKUPS}{FIRST}/")
    assert "Where it lies" in shown
    assert "is 16 bytes long, not 12 bytes" in shown
    assert staff().get(f"{BACKUPS}stateset_20261121_030000/").status_code == 404


def test_a_drill_has_a_page_with_its_steps_and_checks() -> None:
    storage = backup_storage()
    store_backup(storage, FIRST)
    report = make_report()
    write_report(storage, report)
    shown = page(DRILL)
    for words in (
        *("Rows, indexes and keys".lower(), "83%", "60s", "1.5s", "72s", "1h"),
        *("302 rows in 2 tables", "60 rules", "task backup-weekly", "db-1, postgresql"),
        f'href="{BACKUPS}{FIRST}/"',
    ):
        assert words in shown, words
    broken = Look("books", "60 rules", ("stock.ledger_sums: 3 rows",))
    write_report(
        storage,
        replace(
            report,
            state="failed",
            backup_id=SECOND,
            what="It is not sound.",
            looks=(broken,),
            kept="stateset_drill_1",
            removal="DROP DATABASE it",
        ),
    )
    shown = page(DRILL)
    for words in (
        *("It is not sound.", "1 wrong", "stock.ledger_sums: 3 rows", "deleted since"),
        "DROP DATABASE it",
    ):
        assert words in shown, words
    assert staff().get(f"{BACKUPS}drills/drill_1/").status_code == 404


def test_a_person_pins_a_backup_and_lets_it_go() -> None:
    store_backup(backup_storage(), FIRST)
    client = staff()
    url = f"{BACKUPS}{FIRST}/"
    assert client.get(f"{url}unpin/").status_code == 409
    response = send(client, f"{url}pin/", reason="the audit")
    assert told(response) == [f"{FIRST} stays until somebody unpins it."]
    pin = read_pins(backup_storage())[FIRST]
    assert pin.who.endswith("@example.com")
    assert [each.short for each in explain_backups()] == ["pinned"]
    assert "the audit" in client.get(url).content.decode()
    assert client.get(f"{url}pin/").status_code == 409
    response = send(client, f"{url}unpin/", reason="it is over")
    assert told(response) == [f"{FIRST} is no longer pinned."]
    assert read_pins(backup_storage()) == {}


def test_a_drill_by_hand_keeps_its_report_also_when_it_fails() -> None:
    store_backup(backup_storage(), FIRST, engine="postgresql", dump=b"no archive")
    response = send(staff(), f"{BACKUPS}{FIRST}/drill/", reason="before the sale")
    assert response.status_code == 409
    assert "The live database is not touched" in response.content.decode()
    (report,) = read_reports(backup_storage(), "default")
    assert (report.state, report.reason) == ("failed", "before the sale")
    run = ScheduledRun.objects.get()
    assert (run.name, run.error_what) == ("drill-by-hand", report.what)
