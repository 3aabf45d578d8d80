"""One person asks for a restore, a second one approves, a worker carries it out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dbops import conf
from dbops.backups.create import create_backup
from dbops.backups.storage import backup_storage
from dbops.errors import RequestRefusedError, RestoreRefusedError
from dbops.models import RequestState, RestoreRequest, RunState, ScheduledRun
from dbops.recovery.plans import plan_restore
from dbops.recovery.records import new_record, write_record
from dbops.recovery.requests import (
    RUN_NAME,
    Person,
    approve_restore,
    ask_restore,
    refuse_restore,
    run_request,
    settle_requests,
)
from dbops.tasks import run_asked
from dbops.views.restores import TASK
from stateset.accounts.models import User
from stateset.celery import app
from stateset.lib.admin.once import TOKEN_VAR
from stateset.lib.journal import acting
from stateset.system.models import AuditEntry
from tests.dbops.damage import flip_bit
from tests.dbops.recovery.builders import BACKUP, make_request
from tests.dbops.shop import Shop
from tests.pages import told
from tests.services.redis import redis_server
from tests.stateset.builders import make_user

RESTORES = "/admin/database/restores/"
SECOND = "who asks for a restore cannot approve it"


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it look as if there were workers; the tests are them."""
    monkeypatch.setattr(conf, "has_workers", lambda: True)


def chief(name: str = "") -> User:
    """Return somebody who may do everything."""
    more = {"email": f"{name}@example.com"} if name else {}
    return make_user(is_superuser=True, **more)


def person(user: User) -> Person:
    return Person.of(user)


@pytest.mark.long
def test_the_worker_restores_what_two_people_wanted_and_the_journal_names_both(
    books: Shop,
) -> None:
    manifest = create_backup(verify="none")
    assert "dbops_restore_requests" in manifest.contents.left_out
    ada, grace = chief("ada"), chief("grace")
    request = ask_restore(
        backup_id=manifest.id, reason="a wrong price list", person=person(ada)
    )
    with pytest.raises(RequestRefusedError) as caught:
        run_request(str(request.pk))
    assert caught.value.why == "its request is not approved, or was taken already"
    approve_restore(request, person=person(grace))
    slot = timezone.now()
    arguments = {"request_id": str(request.pk)}
    run_asked.run(RUN_NAME, TASK, arguments, "grace@example.com", slot.isoformat())

    assert not User.objects.exists(), "neither of them was there when it was made"
    request.refresh_from_db()
    assert request.state == RequestState.DONE
    summary, *found = request.result.splitlines()
    assert summary.startswith(f"{manifest.id} is live with ")
    assert "users made since: 2 gone: ada@example.com, grace@example.com" in found
    assert summary == ScheduledRun.objects.get(name=RUN_NAME).result
    assert ScheduledRun.objects.get(name=RUN_NAME).state == RunState.DONE
    (entry,) = AuditEntry.objects.filter(resource_type="restore")
    assert entry.actor_label == "ada@example.com, approved by grace@example.com"
    assert entry.reason == "a wrong price list"
    assert entry.changes["asked_by"] == "ada@example.com"
    assert entry.changes["approved_by"] == "grace@example.com"
    assert entry.changes["request"] == str(request.pk)
    with pytest.raises(RequestRefusedError):
        run_request(str(request.pk))


@pytest.mark.django_db
def test_who_asks_cannot_approve_by_the_service_nor_by_the_database() -> None:
    ada = chief()
    request = make_request(ada)
    with pytest.raises(RequestRefusedError) as caught:
        approve_restore(request, person=person(ada))
    assert caught.value.why == SECOND
    with pytest.raises(IntegrityError), transaction.atomic():
        RestoreRequest.objects.update(
            state=RequestState.APPROVED, decided_key=request.asked_key
        )
    with pytest.raises(RequestRefusedError, match="was not approved") as caught:
        approve_restore(request, person=person(make_user()))
    assert caught.value.why.endswith("has not the right dbops.approve_restore")
    request.refresh_from_db()
    assert request.state == RequestState.ASKED


@pytest.mark.django_db
def test_a_request_ends_when_it_is_refused_withdrawn_or_nobody_comes() -> None:
    ada, grace = chief(), chief()
    refused = make_request(ada)
    refuse_restore(refused, reason="not today", person=person(grace))
    assert (refused.state, refused.told) == (RequestState.REFUSED, "not today")
    with pytest.raises(RequestRefusedError, match="not approved"):
        approve_restore(refused, person=person(grace))
    withdrawn = make_request(ada)
    refuse_restore(withdrawn, reason="found it", person=person(ada))
    now = timezone.now()
    late = make_request(ada, expires_at=now)
    with pytest.raises(RequestRefusedError, match="not approved") as caught:
        approve_restore(late, person=person(grace))
    assert caught.value.why == "it was decided already, or its day is over"
    settle_requests(now)
    late.refresh_from_db()
    assert late.state == RequestState.EXPIRED
    assert late.told == "It came to nothing. (nobody decided within a day)"
    decided = {"decided_by": "grace", "decided_key": str(grace.pk)}
    untaken = make_request(
        ada, state="approved", decided_at=now - timedelta(hours=2), **decided
    )
    settle_requests(now)
    untaken.refresh_from_db()
    assert untaken.error_why == "no worker took it within an hour"
    dead = make_request(ada, state="running", decided_at=now, **decided)
    settle_requests(now)
    dead.refresh_from_db()
    assert dead.state == RequestState.FAILED
    assert dead.error_why == "restore --resume --dry-run says what it left"


@pytest.mark.django_db
def test_one_request_at_a_time_and_none_for_what_cannot_be_restored(
    backup_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = chief()
    with pytest.raises(RequestRefusedError, match="was not asked for"):
        ask_restore(backup_id=BACKUP, reason="x", person=person(make_user()))
    manifest = create_backup(verify="none")
    ask_restore(backup_id=manifest.id, reason="x", person=person(ada))
    with pytest.raises(RequestRefusedError) as caught:
        ask_restore(backup_id=manifest.id, reason="y", person=person(ada))
    assert caught.value.why == f"{ada.email} has asked for {manifest.id} already"
    RestoreRequest.objects.all().delete()
    monkeypatch.setattr(conf, "environment", lambda: "production")
    with pytest.raises(RestoreRefusedError):
        ask_restore(backup_id=manifest.id, reason="y", person=person(ada))
    monkeypatch.setattr(conf, "has_workers", lambda: False)
    with pytest.raises(RequestRefusedError, match="was not asked for") as caught:
        ask_restore(backup_id=manifest.id, reason="y", person=person(ada))
    assert caught.value.why == "there is no worker to carry it out"
    assert not RestoreRequest.objects.exists()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, url: str, **typed: Any) -> Any:
    token = client.get(url).context["token"]
    return client.post(url, {TOKEN_VAR: token, **typed}, follow=True)


@pytest.mark.django_db
def test_the_pages_show_the_plan_and_lead_a_second_person_to_the_button(
    backup_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(
        run_asked, "apply_async", lambda arguments, **_: sent.append(arguments)
    )
    ada, grace = chief("ada"), chief("grace")
    manifest = create_backup(verify="none", reason="nightly")
    page = browser(ada).get(RESTORES).content.decode()
    assert "Nobody has asked for a restore." in page
    url = f"{RESTORES}ask/{manifest.id}/"
    assert f'href="{url}"' in page
    page = browser(ada).get(url).content.decode()
    for words in ("Rows then", "Step 1", "a safety backup of the live database"):
        assert words in page, words
    assert "required" in str(send(browser(ada), url).context["form"].errors)
    response = send(browser(ada), url, reason="a wrong price list")
    assert told(response) == [
        "A second person has to approve it within a day; nothing is restored yet."
    ]
    request = RestoreRequest.objects.get()
    own = browser(ada).get(f"{RESTORES}{request.pk}/").content.decode()
    assert "somebody else has to approve it" in own
    assert "Withdraw" in own
    assert f"{request.pk}/approve/" not in own
    approve = f"{RESTORES}{request.pk}/approve/"
    response = browser(ada).get(approve)
    assert (response.status_code, response.context["reason"]) == (409, SECOND)
    page = browser(grace).get(approve).content.decode()
    for words in ("ada@example.com", "a wrong price list", "Step 1"):
        assert words in page, words
    response = send(browser(grace), approve)
    assert told(response) == [
        f"{RUN_NAME} was handed to the workers. Reload this page to see its result."
    ]
    ((name, task, arguments, who, _),) = sent
    assert (name, task, who) == (RUN_NAME, TASK, "grace@example.com")
    assert arguments == {"request_id": str(request.pk)}
    page = browser(ada).get(f"{RESTORES}{request.pk}/").content.decode()
    assert "A worker is at it." in page
    assert "grace@example.com" in page


@pytest.mark.django_db
def test_who_may_see_may_not_act() -> None:
    request = make_request(chief())
    nobody = browser(make_user())
    for url in ("", f"{request.pk}/", f"{request.pk}/approve/", f"ask/{BACKUP}/"):
        assert nobody.get(RESTORES + url).status_code == 403
    RestoreRequest.objects.all().delete()


@pytest.mark.django_db
def test_a_request_that_no_broker_takes_ends_with_the_cause(
    backup_folder: Path, settings: Settings
) -> None:
    with redis_server() as stopped:
        pass
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CELERY_BROKER_URL = stopped.url
    ada, grace = chief("ada"), chief("grace")
    manifest = create_backup(verify="none")
    request = make_request(ada, backup_id=manifest.id)
    with pointed_at_the_broker():
        response = send(browser(grace), f"{RESTORES}{request.pk}/approve/")
    assert "the broker that carries tasks to the workers does not answer" in (
        response.content.decode()
    )
    request.refresh_from_db()
    assert (request.state, request.decided_by) == ("failed", "grace@example.com")
    assert request.error_what == f"{RUN_NAME} was not started."
    with pytest.raises(RequestRefusedError):
        run_request(str(request.pk))
    again = ask_restore(backup_id=manifest.id, reason="again", person=person(ada))
    assert again.state == RequestState.ASKED


@contextmanager
def pointed_at_the_broker() -> Iterator[None]:
    """Have tasks go to the broker of the settings as they are now, not as they were."""
    app.set_current()
    before = app.conf
    app.config_from_object("django.conf:settings", namespace="CELERY", force=True)
    forget_connections()
    try:
        yield
    finally:
        app.conf = before
        forget_connections()


def forget_connections() -> None:
    celery: Any = app
    celery._pool = celery.amqp._producer_pool = None


@pytest.mark.django_db
def test_the_page_of_a_plan_reads_no_backup(
    tmp_path: Path, backup_folder: Path, settings: Settings
) -> None:
    place = copy.deepcopy(settings.STORAGES["backups"])
    place["OPTIONS"]["location"] = tmp_path / "vault"
    settings.STORAGES = {**settings.STORAGES, "backups-vault": place}
    settings.BACKUP_LOCATIONS = {"local": "backups", "vault": "backups-vault"}
    manifest = create_backup(verify="none")
    flip_bit(backup_folder / manifest.file_name)
    response = browser(chief()).get(f"{RESTORES}ask/{manifest.id}/")
    assert f"local, {backup_folder}" in response.content.decode()
    plan = plan_restore(backup_id=manifest.id)
    assert plan.place is not None
    assert plan.place.name == "vault", "whoever restores reads it, and takes the other"


@pytest.mark.django_db
def test_the_page_shows_who_restored_what_and_why_by_command_too(
    backup_folder: Path,
) -> None:
    with acting(actor_label="ops@db-1"):
        record = new_record(
            action="restore",
            alias="default",
            source=BACKUP,
            reason="a wrong price list",
            at=timezone.now(),
            details={"why": "the disk is full"},
        )
    record.finish("failed")
    write_record(backup_storage(), record)
    page = browser(chief()).get(RESTORES).content.decode()
    shown = page[page.index("What was done") :]
    for words in (BACKUP, "ops@db-1", "a wrong price list", "Failed", "the disk is"):
        assert words in shown, words
