"""Whether the schedule is kept, as one of the checks of health."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, transaction
from django.utils import timezone

from dbops import conf
from dbops.monitoring.results import CheckResult
from dbops.scheduling.overview import FAILED, LATE, PAUSED, schedule_state

NAME = "schedule"


def check_schedule(alias: str = DEFAULT_DB_ALIAS) -> list[CheckResult]:
    """Look for entries that are late or failed; the schedule is the main database's.

    What is paused is told, and is no alarm.
    """
    if alias != DEFAULT_DB_ALIAS:
        return []
    if not conf.has_workers():
        message = "nothing runs by itself: there is no Redis"
        return [CheckResult(NAME, "ok", message, hint="set APP__REDIS_URL")]
    try:
        with transaction.atomic():
            states = schedule_state(timezone.now())
    except (DatabaseError, InterfaceError):
        return [CheckResult(NAME, "unknown", "its tables could not be read")]
    bad = [each for each in states if each.state in (FAILED, LATE)]
    paused = [each.entry.name for each in states if each.state == PAUSED]
    if not bad:
        words = f"; paused: {', '.join(paused)}" if paused else ""
        return [CheckResult(NAME, "ok", f"every entry ran in its time{words}", value=0)]
    return [
        CheckResult(
            NAME,
            "critical",
            "; ".join(f"{each.entry.name}: {each.why}" for each in bad),
            hint="see Database > Schedule; are beat and a worker running?",
            value=len(bad),
            unit="entries",
        )
    ]
