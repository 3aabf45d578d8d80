"""The pages of restores: one person asks, a second one approves, a worker restores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from dbops import conf
from dbops.admin.restore_request import COLOURS
from dbops.backups.catalogue import COMPLETE, CatalogueEntry, list_entries_of
from dbops.backups.storage import backup_storage
from dbops.errors import StorageError
from dbops.models import RequestState, RestoreRequest
from dbops.recovery.losses import BASIS
from dbops.recovery.plans import plan_restore
from dbops.recovery.records import ASKED as UNENDED
from dbops.recovery.records import DONE, FAILED, Record, read_records
from dbops.recovery.requests import (
    MAY_APPROVE,
    MAY_ASK,
    NO_WORKERS,
    RUN_NAME,
    Person,
    approve_restore,
    ask_restore,
    hand_over,
    is_decided,
    refuse_restore,
)
from dbops.values import Size
from dbops.views.asking import ask_workers
from stateset.lib import admin
from stateset.lib.admin.columns import time_tag
from stateset.lib.admin.pages import PageAction, ask_and_do, show_page
from stateset.lib.admin.refusals import sentences
from stateset.lib.errors import StatesetError
from stateset.lib.reports import render_value

SHOWN = 20
CHOICES = 10
TASK = "dbops.run_restore_request"
ENDS = {
    DONE: ("Done", admin.GOOD),
    FAILED: ("Failed", admin.PROBLEM),
    UNENDED: ("Not ended", admin.WAITING),
}
EXPLAIN = (
    "Pages answer 503 while it is restored, and everybody has to log in again"
    " afterwards. What is live now is backed up first and kept beside it."
)


def show_restores(request: HttpRequest) -> HttpResponse:
    """Show what was asked for, what was done, and which backups can be.

    Cost: two listings, and a small object for each restore that is shown.
    """
    refused, choices, done = "", list[CatalogueEntry](), list[Record]()
    may_ask = request.user.has_perm(MAY_ASK)
    try:
        done = read_records(backup_storage(), DEFAULT_DB_ALIAS, most=CHOICES)
        choices = list(_choices()) if may_ask else []
    except StorageError as error:
        refused = sentences(error)
    found = list(RestoreRequest.objects.all()[:SHOWN])
    return show_page(
        request,
        "dbops/restores.html",
        title="Restores",
        refused=refused,
        rows=[_row(each) for each in found],
        journal=[_entry(each) for each in reversed(done)],
        choices=[_choice(each) for each in choices],
        may_ask=may_ask and conf.has_workers(),
        has_workers=conf.has_workers(),
        is_open=any(each.finished_at is None for each in found),
    )


def show_request(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Show one request: who wants what, who said what to it, what came of it."""
    found = get_object_or_404(RestoreRequest, pk=request_id)
    return show_page(
        request,
        "dbops/restore.html",
        title=f"Restore of {found.backup_id}",
        crumbs=_crumbs(),
        row=_row(found),
        is_running=found.state in (RequestState.APPROVED, RequestState.RUNNING),
        buttons=list(_buttons(request, found)),
        waits=found.state == RequestState.ASKED,
        is_own=Person.of(request.user).key == found.asked_key,
    )


def ask(request: HttpRequest, backup_id: str) -> HttpResponse:
    """Show the plan and ask why, then note the wish."""

    def perform(request: HttpRequest, data: Mapping[str, Any]) -> str:
        person = Person.of(request.user)
        ask_restore(backup_id=backup_id, reason=data["reason"], person=person)
        return (
            "A second person has to approve it within a day; nothing is restored yet."
        )

    refusal, facts = _plan(request, backup_id)
    action = PageAction(
        "Ask for this restore",
        MAY_ASK,
        perform,
        explain="Somebody else has to approve it. " + EXPLAIN,
        form=admin.ReasonForm,
        refusal=refusal,
        facts=facts,
        is_dangerous=True,
    )
    title = f"Restore {backup_id}"
    return ask_and_do(request, action, title=title, crumbs=_crumbs())


def approve(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Show the plan as it is now, then have a worker carry it out."""
    found = get_object_or_404(RestoreRequest, pk=request_id)

    def perform(request: HttpRequest, _data: Mapping[str, Any]) -> str:
        approve_restore(found, person=Person.of(request.user))
        arguments = {"request_id": str(found.pk)}
        send = partial(ask_workers, request, RUN_NAME, TASK, arguments)
        return hand_over(found, send)

    refusal, facts = _plan(request, found.backup_id)
    if is_decided(found):
        refusal = "it was decided already, or its day is over"
    elif Person.of(request.user).key == found.asked_key:
        refusal = "who asks for a restore cannot approve it"
    asked = [("Asked by", found.asked_by), ("Why", found.reason)]
    action = PageAction(
        "Approve and restore",
        MAY_APPROVE,
        perform,
        explain=EXPLAIN,
        refusal=refusal,
        facts=[*asked, *facts],
        is_dangerous=True,
    )
    title = f"Approve: {found.backup_id}"
    return ask_and_do(request, action, title=title, crumbs=_crumbs(found))


def refuse(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Ask why, then end the request."""
    found = get_object_or_404(RestoreRequest, pk=request_id)
    is_own = Person.of(request.user).key == found.asked_key

    def perform(request: HttpRequest, data: Mapping[str, Any]) -> str:
        person = Person.of(request.user)
        refuse_restore(found, reason=data["reason"], person=person)
        return "The request has ended; nothing was restored."

    action = PageAction(
        "Withdraw" if is_own else "Refuse",
        MAY_ASK if is_own else MAY_APPROVE,
        perform,
        explain="Nothing is restored.",
        form=admin.ReasonForm,
        refusal="it was decided already, or its day is over"
        if is_decided(found)
        else "",
        facts=[("Asked by", found.asked_by), ("Why", found.reason)],
    )
    title = f"{action.label}: {found.backup_id}"
    return ask_and_do(request, action, title=title, crumbs=_crumbs(found))


def _plan(request: HttpRequest, backup_id: str) -> tuple[str, list[tuple[str, str]]]:
    """Return why it cannot be, "" where it can, and the plan of what is done.

    Cost: one scan of each live table, so only for who is about to decide.
    """
    if not conf.has_workers():
        return NO_WORKERS, []
    if request.method == "POST":
        # The service plans for itself.
        return "", []
    try:
        plan = plan_restore(backup_id=backup_id, reads_through=False)
    except StatesetError as error:
        return sentences(error), []
    facts = [
        (label.capitalize(), _shown(value))
        for label, value in plan.facts.items()
        if label != "lost"
    ]
    lost = [(f"Lost in {loss.table}", loss.words) for loss in plan.losses or ()]
    basis = ("How that is known", f"{BASIS[0].upper()}{BASIS[1:]}.")
    steps = [(f"Step {number}", step) for number, step in enumerate(plan.steps, 1)]
    return "", [*facts, *(lost or [("Lost", plan.facts["lost"])]), basis, *steps]


def _shown(value: Any) -> str:
    return f"{value:,}" if type(value) is int else render_value(value)


def _choices() -> Iterator[CatalogueEntry]:
    found = list_entries_of(backup_storage(), DEFAULT_DB_ALIAS)
    yield from islice((each for each in found if each.state == COMPLETE), CHOICES)


def _choice(entry: CatalogueEntry) -> dict[str, Any]:
    manifest = entry.manifest
    return {
        "id": entry.id,
        "url": reverse("admin:database_restore_ask", args=[entry.id]),
        "age": time_tag(manifest.started_at) if manifest else "unknown",
        "kind": manifest.kind if manifest else "unknown",
        "rows": f"{manifest.rows:,}" if manifest else "unknown",
        "size": Size(entry.size_bytes),
        "reason": manifest.reason if manifest else "",
    }


def _row(found: RestoreRequest) -> dict[str, Any]:
    return {
        "backup": found.backup_id,
        "url": reverse("admin:database_restore", args=[found.pk]),
        "pill": admin.pill(found.get_state_display(), COLOURS[found.state]),
        "reason": found.reason,
        "asked_by": found.asked_by,
        "asked": time_tag(found.created_at),
        "until": time_tag(found.expires_at),
        "decided_by": found.decided_by,
        "decided": found.decided_at and time_tag(found.decided_at),
        "started": found.started_at and time_tag(found.started_at),
        "finished": found.finished_at and time_tag(found.finished_at),
        "told": found.told.partition("\n")[0],
        "findings": found.result.splitlines()[1:],
        "is_bad": found.state == RequestState.FAILED,
    }


def _entry(record: Record) -> dict[str, Any]:
    """Return one restore as the journal has it, by whichever way it was begun."""
    return {
        "when": time_tag(datetime.fromisoformat(record.asked_at)),
        "action": record.action,
        "source": record.source,
        "pill": admin.pill(*ENDS.get(record.state, ENDS[UNENDED])),
        "who": record.who,
        "host": record.host,
        "reason": record.reason,
        "why": record.details.get("why", ""),
    }


def _buttons(
    request: HttpRequest, found: RestoreRequest
) -> Iterator[tuple[str, str, bool]]:
    """Yield label, address and whether it is the dangerous one."""
    if is_decided(found):
        return
    is_own = Person.of(request.user).key == found.asked_key
    may_approve = request.user.has_perm(MAY_APPROVE)
    if may_approve and not is_own:
        url = reverse("admin:database_restore_approve", args=[found.pk])
        yield "Approve", url, True
    if may_approve or is_own:
        url = reverse("admin:database_restore_refuse", args=[found.pk])
        yield ("Withdraw" if is_own else "Refuse"), url, False


def _crumbs(found: RestoreRequest | None = None) -> list[tuple[str, str]]:
    crumbs = [("Restores", reverse("admin:database_restores"))]
    if found is not None:
        url = reverse("admin:database_restore", args=[found.pk])
        crumbs.append((found.backup_id, url))
    return crumbs
