"""How the schedule stands: what ran, what is late or failed, which slots were missed.

Nothing here relies on beat or a worker being alive: what they should have left behind
is compared with what is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, Q

from dbops import conf
from dbops.models import RunState, ScheduledRun, SchedulePause
from dbops.scheduling.entries import stand_in
from dbops.scheduling.runs import is_abandoned
from dbops.values import Span
from stateset.lib.schedule import Entry

OK, RUNNING, WAITING = "ok", "running", "waiting"
LATE, FAILED, PAUSED, OFF = "late", "failed", "paused", "off"
WORST_FIRST = (FAILED, LATE, PAUSED, OFF, WAITING, RUNNING, OK)

# A worker may be busy with something else when a slot comes.
GRACE = timedelta(minutes=10)
MISSED_WITHIN = timedelta(days=1)
FIRST_MIGRATION = ("dbops", "0001_initial")
# Between the first migration and the first beat a shop is filled, or set up by hand.
SETTING_UP = timedelta(minutes=30)


@dataclass(frozen=True)
class EntryState:
    """One entry as it stands; ``missed`` are the slots of a day that did not run."""

    entry: Entry
    state: str
    why: str
    pause: SchedulePause | None
    last_run: ScheduledRun | None
    next_slot: datetime | None
    missed: Sequence[datetime]


@dataclass(frozen=True)
class _Look:
    """What is known at one moment: who is paused, and since when slots count."""

    now: datetime
    since: datetime
    pauses: Mapping[str, SchedulePause]


def schedule_state(now: datetime) -> list[EntryState]:
    """Return every entry as it stands; cost: five queries, whatever the history."""
    look = _look(now)
    entries = conf.schedule()
    runs = _newest_runs(entries, now)
    missed = _missed(entries, look)
    found = []
    for entry in entries:
        state, why = _judge(entry, runs[entry.name], look)
        found.append(
            EntryState(
                entry=entry,
                state=state,
                why=why,
                pause=look.pauses.get(entry.name),
                last_run=next(iter(runs[entry.name]), None),
                next_slot=entry.next_slot(now),
                missed=missed[entry.name],
            )
        )
    return found


def missed_slots(now: datetime) -> dict[str, list[datetime]]:
    """Return by entry the slots of the last day that did not run, if any."""
    missed = _missed(conf.schedule(), _look(now))
    return {name: slots for name, slots in missed.items() if slots}


def worst(states: Sequence[EntryState]) -> EntryState | None:
    """Return the entry that somebody should look at first."""
    return min(states, key=lambda each: WORST_FIRST.index(each.state), default=None)


def _look(now: datetime) -> _Look:
    app, name = FIRST_MIGRATION
    applied = MigrationRecorder.Migration.objects.filter(app=app, name=name)
    first = applied.values_list("applied", flat=True).first()
    since = first + SETTING_UP if first else now
    return _Look(now, since, {each.name: each for each in SchedulePause.objects.all()})


def _newest_runs(
    entries: Collection[Entry], now: datetime
) -> dict[str, list[ScheduledRun]]:
    """Return for each entry the runs since the slot it is judged by, newest first.

    Where there are none, the last one there ever was.
    """
    slots = {entry.name: slot for entry in entries if (slot := entry.slot(now - GRACE))}
    found: dict[str, list[ScheduledRun]] = defaultdict(list)
    for run in ScheduledRun.objects.of_slots(slots).order_by("-slot", "-id"):
        found[run.name].append(run)
    lacking = [entry.name for entry in entries if entry.name not in found]
    last = (
        ScheduledRun.objects.filter(name__in=lacking)
        .values_list("name")
        .annotate(last=Max("slot"))
        .order_by()
    )
    for run in ScheduledRun.objects.of_slots(dict(last)):
        found[run.name].append(run)
    return found


def _judge(entry: Entry, runs: Sequence[ScheduledRun], look: _Look) -> tuple[str, str]:
    slot = entry.slot(look.now - GRACE)
    pause = look.pauses.get(entry.name)
    if pause:
        return PAUSED, f"{pause.paused_by}: {pause.reason}"
    if slot is None:
        return OFF, ""
    for run in runs:
        if run.slot >= slot and (judged := _judge_run(entry, run, look.now)):
            return judged
    if slot < look.since:
        return WAITING, "its first time is still to come"
    if other := stand_in(entry, slot, look.pauses):
        return OK, f"{other} stood in for it"
    if any(run.slot >= slot for run in runs):
        return OK, runs[0].result
    return LATE, f"it did not run at {slot:%Y-%m-%d %H:%M} UTC"


def _judge_run(
    entry: Entry, run: ScheduledRun, now: datetime
) -> tuple[str, str] | None:
    """Return what a run makes of its entry; None where it says nothing of it."""
    if run.state == RunState.DONE:
        return OK, run.result
    if run.state == RunState.FAILED:
        return FAILED, run.told
    if run.state == RunState.SKIPPED:
        if not run.error_what:
            return None
        is_waiting = run.retry_at and now <= run.slot + entry.limit
        return WAITING if is_waiting else LATE, run.told
    if is_abandoned(run):
        return LATE, f"abandoned: its worker {run.worker} is gone"
    if now - run.started_at > entry.limit:
        took, limit = ((now - run.started_at), entry.limit)
        return LATE, (
            f"it has been running for {Span(took.total_seconds())}, and should take"
            f" {Span(limit.total_seconds())} at most"
        )
    return RUNNING, f"on {run.worker}"


def _missed(entries: Collection[Entry], look: _Look) -> dict[str, list[datetime]]:
    start = max(look.now - MISSED_WITHIN, look.since)
    # A slot that was put off and given up did not run either.
    kept = ScheduledRun.objects.filter(slot__gt=start).exclude(
        Q(state=RunState.SKIPPED, retry_at=None) & ~Q(error_what="")
    )
    there = set(kept.values_list("name", "slot"))
    found: dict[str, list[datetime]] = {}
    for entry in entries:
        slots = entry.crontab.between(start, look.now - GRACE) if entry.crontab else ()
        pause = look.pauses.get(entry.name)
        found[entry.name] = [
            slot
            for slot in slots
            if (entry.name, slot) not in there
            and not (pause and slot >= pause.created_at)
            and not stand_in(entry, slot, look.pauses)
        ]
    return found
