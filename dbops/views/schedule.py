"""The page of the schedule: what runs when, how it stands, and three buttons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from dbops import conf
from dbops.errors import EntryUnknownError
from dbops.models import ScheduledRun, SchedulePause
from dbops.scheduling.entries import find_entry
from dbops.scheduling.overview import (
    FAILED,
    LATE,
    OFF,
    OK,
    PAUSED,
    RUNNING,
    WAITING,
    EntryState,
    schedule_state,
)
from dbops.scheduling.pauses import pause_entry, resume_entry
from dbops.values import Span
from dbops.views.asking import ask_workers
from stateset.lib import admin
from stateset.lib.admin.columns import time_tag
from stateset.lib.admin.pages import PageAction, ask_and_do, show_page
from stateset.lib.schedule import Entry
from stateset.lib.tiles import list_url

MAY_ACT = "dbops.run_schedule"
COLOURS = {
    OK: admin.GOOD,
    RUNNING: admin.DONE,
    WAITING: admin.NEUTRAL,
    LATE: admin.PROBLEM,
    FAILED: admin.PROBLEM,
    PAUSED: admin.WAITING,
    OFF: admin.NEUTRAL,
}


WORDS = {OK: "OK"}


def show_schedule(request: HttpRequest) -> HttpResponse:
    """Show each entry with its last run, its next slot and what may be done."""
    now = timezone.now()
    may_act = request.user.has_perm(MAY_ACT)
    return show_page(
        request,
        "dbops/schedule.html",
        title="Schedule",
        rows=[_row(each, may_act=may_act) for each in schedule_state(now)],
        has_workers=conf.has_workers(),
        may_act=may_act,
        runs_url=list_url(ScheduledRun),
        now=now,
    )


def run_now(request: HttpRequest, name: str) -> HttpResponse:
    """Ask, then hand the entry's task to the workers."""
    entry = _entry(name)

    def perform(request: HttpRequest, _data: Mapping[str, Any]) -> str:
        return ask_workers(request, entry.name, entry.task, entry.arguments)

    explain = f"It {entry.what}. Its slots stay as they are."
    if not conf.has_workers():
        explain += " There are no workers: this page waits until it is done."
    return _ask(request, entry, "Run now", perform, explain=explain)


def pause(request: HttpRequest, name: str) -> HttpResponse:
    """Ask why, then pause the entry."""
    entry = _entry(name)

    def perform(request: HttpRequest, data: Mapping[str, Any]) -> str:
        who = request.user.get_username()
        pause_entry(entry.name, paused_by=who, reason=data["reason"])
        return f"{entry.name} is paused: it skips its slots until you resume it."

    is_paused = SchedulePause.objects.filter(name=name).exists()
    return _ask(
        request,
        entry,
        "Pause",
        perform,
        explain=f"It {entry.what}. While it is paused it skips its slots; only this"
        " page shows that.",
        form=admin.ReasonForm,
        refusal="it is paused already" if is_paused else "",
        is_dangerous=True,
    )


def resume(request: HttpRequest, name: str) -> HttpResponse:
    """Ask, then have the entry run again."""
    entry = _entry(name)

    def perform(_request: HttpRequest, _data: Mapping[str, Any]) -> str:
        resume_entry(entry.name)
        return f"{entry.name} runs again from its next slot on."

    paused = SchedulePause.objects.filter(name=name).first()
    facts = (
        ()
        if paused is None
        else (("Paused by", paused.paused_by), ("Why", paused.reason))
    )
    return _ask(
        request,
        entry,
        "Resume",
        perform,
        refusal="" if paused else "it is not paused",
        facts=facts,
    )


def _ask(
    request: HttpRequest, entry: Entry, label: str, perform: Any, **more: Any
) -> HttpResponse:
    action = PageAction(label, MAY_ACT, perform, **more)
    crumbs = [("Schedule", reverse("admin:database_schedule"))]
    return ask_and_do(request, action, title=f"{label}: {entry.name}", crumbs=crumbs)


def _entry(name: str) -> Entry:
    try:
        return find_entry(name)
    except EntryUnknownError as error:
        raise Http404 from error


def _row(state: EntryState, *, may_act: bool) -> dict[str, Any]:
    entry, run = state.entry, state.last_run
    return {
        "name": entry.name,
        "what": entry.what,
        "words": entry.crontab.words if entry.crontab else "never",
        "line": str(entry.crontab or ""),
        "limit": Span(entry.limit.total_seconds()),
        "pill": admin.pill(
            WORDS.get(state.state, state.state.capitalize()), COLOURS[state.state]
        ),
        "why": state.why,
        "run": run,
        "run_at": run and time_tag(run.started_at),
        "run_url": run and reverse("admin:dbops_scheduledrun_change", args=[run.pk]),
        "next": time_tag(state.next_slot) if state.next_slot else "",
        "missed": len(state.missed),
        "missed_at": ", ".join(f"{slot:%H:%M}" for slot in state.missed[-3:]),
        "buttons": list(_buttons(state)) if may_act else [],
    }


def _buttons(state: EntryState) -> Iterator[tuple[str, str]]:
    names = ("run", "resume") if state.pause else ("run", "pause")
    labels = {"run": "Run now", "pause": "Pause", "resume": "Resume"}
    for name in names:
        url = reverse(f"admin:database_schedule_{name}", args=[state.entry.name])
        yield labels[name], url
