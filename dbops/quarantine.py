"""What is true of this installation now, and so is taken over from the old database.

A dump has no rows of runs, nor of requests for a restore. Without them each entry of
the schedule would count as late until its next slot, a slot could run twice, what
somebody has paused since the backup, such as pruning, would run again, and nobody would
see what became of the request that this restore was made for.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError

from dbops.models import RestoreRequest, ScheduledRun, SchedulePause
from stateset.lib.quarantine import Finding

AT_ONCE = 500


def quarantine(restored: str, live: str | None) -> Iterator[Finding]:
    """Take over the runs of the schedule, and which of its entries are paused."""
    if live is None:
        return
    yield Finding("scheduled runs", "taken over", _runs(restored, live))
    yield from _pauses(restored, live)
    yield Finding("requests for a restore", "taken over", _requests(restored, live))


def _runs(restored: str, live: str) -> int:
    own = ScheduledRun.objects.using(restored)
    known = set(own.values_list("name", "slot"))
    # Under the keys they have: a task that goes on meanwhile ends its row by that.
    missing = [
        run
        for run in ScheduledRun.objects.using(live).iterator()
        if (run.name, run.slot) not in known
    ]
    own.bulk_create(missing, batch_size=AT_ONCE, ignore_conflicts=True)
    return len(missing)


def _pauses(restored: str, live: str) -> Iterator[Finding]:
    own = SchedulePause.objects.using(restored)
    here = {pause.name: pause for pause in own}
    now = {pause.name: pause for pause in SchedulePause.objects.using(live)}
    ended, begun = sorted(here.keys() - now), sorted(now.keys() - here)
    own.filter(name__in=ended).delete()
    own.bulk_create(now[name] for name in begun)
    yield Finding("entries resumed since", "run again", len(ended), tuple(ended))
    yield Finding("entries paused since", "stay paused", len(begun), tuple(begun))


def _requests(restored: str, live: str) -> int:
    """Take over who asked and approved, that of this very restore among them."""
    own = RestoreRequest.objects.using(restored)
    known = set(own.values_list("pk", flat=True))
    try:
        current = list(RestoreRequest.objects.using(live))
    except DatabaseError:
        # The old database may be of a release that had none.
        return 0
    missing = [request for request in current if request.pk not in known]
    own.bulk_create(missing, batch_size=AT_ONCE, ignore_conflicts=True)
    return len(missing)
