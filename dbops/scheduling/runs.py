"""A slot of the schedule runs once, however many beats and workers there are.

A run holds a lease of its own for as long as it works, beside the database's lease
that its flow takes. It lies outside the database and ends with the process, so a run
that says ``running`` while nobody holds its lease was left behind by a dead worker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from dbops.engines.registry import get_engine
from dbops.errors import OperationBusyError
from dbops.leases import leased
from dbops.models import RunState, ScheduledRun, SchedulePause
from dbops.scheduling.entries import find_entry, stand_in
from dbops.scheduling.records import MOST_DEATHS, finish, skip, take
from dbops.scheduling.telling import tell_run
from stateset.lib.errors import StatesetError
from stateset.lib.journal import acting
from stateset.lib.schedule import Entry

Work = Callable[[], str]

# The clocks of beat and worker may differ a little: a slot is not taken for the last.
CLOCK_TOLERANCE = timedelta(seconds=5)
TAKEN = "skipped: taken already"

logger = logging.getLogger(__name__)


def run_entry(name: str, work: Work, *, now: datetime | None = None) -> str:
    """Do the work of an entry for its newest slot, unless that was taken already.

    Returns what came of it. What the work raises is kept with the run, not raised.
    """
    entry = find_entry(name)
    slot = newest_slot(entry, now or timezone.now())
    if slot is None:
        return "skipped: it is off"
    if reason := _reason_to_leave_out(entry, slot):
        if not skip(name, slot, result=reason):
            return TAKEN
        return _said(name, slot, f"skipped: {reason}")
    return run_slot(name, slot, work)


def run_slot(name: str, slot: datetime, work: Work, *, asked_by: str = "") -> str:
    """Do the work once for this slot; ``asked_by`` names who wanted it by hand."""
    try:
        with leased(get_engine(), f"task {name}", target=lease_of(name)):
            run = take(name, slot, asked_by)
            if run is None:
                return TAKEN
            _carry_out(run, work)
    except OperationBusyError as error:
        what = "It is being run already."
        if not skip(
            name,
            slot,
            what=what,
            why=error.why,
            asked_by=asked_by,
            retries=not asked_by,
        ):
            return TAKEN
        return _said(name, slot, f"skipped: {what} ({error.why})")
    tell_run(run)
    level = logging.WARNING if run.state == RunState.FAILED else logging.INFO
    return _said(name, slot, run.told, level=level)


def newest_slot(entry: Entry, now: datetime) -> datetime | None:
    """Return the slot that a message of beat is about; None where it is off."""
    return entry.slot(now + CLOCK_TOLERANCE)


def lease_of(name: str) -> str:
    """Return what the lease of a run of that name is called."""
    return f"{get_engine().database_name}.{name}"


def is_abandoned(run: ScheduledRun) -> bool:
    """Return whether a run says it is running while its worker is dead."""
    if run.state != RunState.RUNNING:
        return False
    return get_engine().lease_holder(lease_of(run.name)) is None


def due_again(now: datetime) -> list[str]:
    """Return the entries whose newest slot is to be tried once more.

    That are runs which were put off because something else was at work, and once
    those whose worker died. What will not be tried again is settled here.
    """
    names = []
    for run in ScheduledRun.objects.waiting(now):
        if _is_current(run, now):
            names.append(run.name)
        else:
            waiting = ScheduledRun.objects.filter(pk=run.pk, state=RunState.SKIPPED)
            waiting.update(retry_at=None)
    for run in ScheduledRun.objects.filter(state=RunState.RUNNING):
        if not is_abandoned(run):
            continue
        if run.deaths < MOST_DEATHS and _is_current(run, now):
            names.append(run.name)
        else:
            _settle_abandoned(run)
    return names


def _settle_abandoned(run: ScheduledRun) -> None:
    """Write down as failed what a dead worker left, if nobody took it over since."""
    still = ScheduledRun.objects.filter(
        pk=run.pk, state=RunState.RUNNING, started_at=run.started_at
    ).first()
    if still is None:
        return
    what, why = "Its worker ended without a word.", f"it was {run.worker}"
    finish(still, RunState.FAILED, what=what, why=why)
    tell_run(still)
    _said(run.name, run.slot, still.told, level=logging.WARNING)


def _is_current(run: ScheduledRun, now: datetime) -> bool:
    if run.asked_by:
        return False
    try:
        return run.slot == newest_slot(find_entry(run.name), now)
    except StatesetError:
        # Of an older release, or of one that was taken back.
        return False


def _reason_to_leave_out(entry: Entry, slot: datetime) -> str:
    pauses = {pause.name: pause for pause in SchedulePause.objects.all()}
    if pause := pauses.get(entry.name):
        return f"{pause.paused_by} paused it: {pause.reason}"
    other = stand_in(entry, slot, pauses)
    return f"{other} stands in for it" if other else ""


def _carry_out(run: ScheduledRun, work: Work) -> None:
    label = {} if run.asked_by else {"actor_label": f"task {run.name}"}
    try:
        with acting(**label):
            result = work()
    except OperationBusyError as error:
        finish(
            run,
            RunState.SKIPPED,
            what=error.what,
            why=error.why,
            retries=not run.asked_by,
        )
    except StatesetError as error:
        finish(run, RunState.FAILED, what=error.what, why=error.why)
    except Exception as error:
        logger.exception("%s broke off.", run.name)
        why = next(iter(str(error).splitlines()), "nothing more was said")
        what = "The task broke off."
        finish(run, RunState.FAILED, what=what, why=f"{type(error).__name__}: {why}")
    else:
        finish(run, RunState.DONE, result=result)


def _said(name: str, slot: datetime, told: str, *, level: int = logging.INFO) -> str:
    """Log in plain words what became of a slot."""
    logger.log(level, "%s %s %s", name, f"{slot:%Y-%m-%d %H:%M}Z", told)
    return told
