"""The rows that say what was run for which slot; written nowhere else."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections, transaction
from django.db.models import F
from django.utils import timezone

from dbops.models import RunState, ScheduledRun

RETRY_AFTER = timedelta(minutes=5)
MOST_DEATHS = 1


def take(name: str, slot: datetime, asked_by: str) -> ScheduledRun | None:
    """Write the run of a slot, or take it over after a death or a busy time.

    Called with the lease of the run held, so whoever says ``running`` is dead.
    Returns None where the slot was taken already.
    """
    mine = {
        "started_at": timezone.now(),
        "worker": worker_name(),
        "state": RunState.RUNNING,
    }
    try:
        with transaction.atomic():
            return ScheduledRun.objects.create(
                name=name, slot=slot, asked_by=asked_by, **mine
            )
    except IntegrityError:
        pass
    the_slot = ScheduledRun.objects.filter(name=name, slot=slot)
    is_taken = the_slot.filter(state=RunState.SKIPPED, retry_at__isnull=False).update(
        retry_at=None, finished_at=None, result="", error_what="", error_why="", **mine
    ) or the_slot.filter(state=RunState.RUNNING, deaths__lt=MOST_DEATHS).update(
        deaths=F("deaths") + 1, **mine
    )
    return the_slot.get() if is_taken else None


def finish(
    run: ScheduledRun,
    state: RunState,
    *,
    result: str = "",
    what: str = "",
    why: str = "",
    retries: bool = False,
) -> None:
    """Write how a run ended."""
    connection = connections[DEFAULT_DB_ALIAS]
    if not connection.in_atomic_block:
        # It may have been idle for hours, and the server was restarted meanwhile.
        connection.close_if_unusable_or_obsolete()
    now = timezone.now()
    run.state = state
    # The clock may have been set back.
    run.finished_at = max(now, run.started_at)
    run.result, run.error_what, run.error_why = result, what, why
    run.retry_at = now + RETRY_AFTER if retries else None
    run.save()


def skip(
    name: str,
    slot: datetime,
    *,
    result: str = "",
    what: str = "",
    why: str = "",
    asked_by: str = "",
    retries: bool = False,
) -> bool:
    """Write that a slot is not run; return False where it was taken already."""
    now = timezone.now()
    run = ScheduledRun(
        name=name,
        slot=slot,
        state=RunState.SKIPPED,
        started_at=now,
        finished_at=now,
        asked_by=asked_by,
        worker=worker_name(),
        result=result,
        error_what=what,
        error_why=why,
        retry_at=now + RETRY_AFTER if retries else None,
    )
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError:
        return False
    return True


def worker_name() -> str:
    """Return which process of which machine this is."""
    return f"{os.getpid()}@{socket.gethostname()}"
