"""Look at the health of a database, the schedule and the restores, and tell of it.

Done every few minutes, by a worker or by ``db_health`` in a crontab. So it also finds
what left nobody behind who could have told: a worker that died, a slot nobody took.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, transaction
from django.utils import timezone

from dbops import conf
from dbops.models import RequestState, RestoreRequest
from dbops.monitoring.health import ANSWERS, LIMIT_SECONDS, collect_health
from dbops.monitoring.results import CheckResult
from dbops.monitoring.telling import NAME as TELLING
from dbops.scheduling.health import NAME as SCHEDULE
from dbops.scheduling.overview import FAILED, LATE, OFF, OK, PAUSED, schedule_state
from dbops.scheduling.telling import entry_key, entry_trouble
from dbops.telling.flow import tell
from dbops.telling.troubles import Trouble
from stateset.lib.databases import LOST_DATABASE, ask_database

TOLD_APART = frozenset({SCHEDULE, TELLING})
"""Checks that are no news: entries are told of each for itself, telling nobody can."""
VERBS = {FAILED: "failed", LATE: "is late"}
OVER = frozenset({OK, PAUSED, OFF})
REQUESTS_OF = timedelta(days=1)


class Looked(NamedTuple):
    """What one look has found: troubles, and the keys of what is well."""

    bad: list[Trouble]
    well: list[str]


def watch_health(alias: str = DEFAULT_DB_ALIAS) -> list[CheckResult]:
    """Check one database as ``collect_health`` does, and tell what of it is news."""
    results = collect_health(alias)
    bad = [_check_trouble(alias, each) for each in results if _is_bad(each)]
    # From a warning to ok it is well; in between nothing has changed.
    well = [_check_key(alias, each.name) for each in results if each.status == "ok"]
    if alias == DEFAULT_DB_ALIAS:
        now = timezone.now()
        try:
            with transaction.atomic():
                entries = _entries(now)
                bad += [*entries.bad, *_requests(now)]
                well += entries.well
        except (DatabaseError, InterfaceError):
            # That it does not answer, or has no tables yet, the checks have said.
            pass
    tell(bad=bad, well=well)
    return results


@contextmanager
def telling_of_a_lost_database() -> Iterator[None]:
    """Tell when the block fails because the main database does not answer.

    No check can: what a worker does begins with a row there.
    """
    try:
        yield
    except LOST_DATABASE:
        answer = ask_database(limit_seconds=LIMIT_SECONDS)
        if not answer.reachable:
            lost = CheckResult(ANSWERS, "critical", f"no: {answer.reason}")
            tell(bad=[_check_trouble(DEFAULT_DB_ALIAS, lost)])
        raise


def describe(results: Sequence[CheckResult]) -> list[str]:
    """Return a paragraph for each check that is not ok, or that all is well."""
    bad = [
        "\n".join(
            [
                f"{each.name}: {each.status}",
                f"  {each.message}",
                *([f"  fix: {each.hint}"] if each.hint else []),
            ]
        )
        for each in results
        if each.status != "ok"
    ]
    return bad or [f"All {len(results)} checks are ok."]


def _is_bad(result: CheckResult) -> bool:
    return result.status == "critical" and result.name not in TOLD_APART


def _check_key(alias: str, name: str) -> str:
    return f"check:{name}" if alias == DEFAULT_DB_ALIAS else f"check:{alias}:{name}"


def _check_trouble(alias: str, result: CheckResult) -> Trouble:
    name = result.name if alias == DEFAULT_DB_ALIAS else f"{result.name} of {alias}"
    return Trouble(
        _check_key(alias, result.name),
        name,
        f"{name} is critical",
        result.message,
        fix=result.hint,
    )


def _entries(now: datetime) -> Looked:
    """Return the entries that failed or are late, and the keys of those that are well.

    Without workers nobody runs any, and nothing is said of them.
    """
    states = schedule_state(now) if conf.has_workers() else []
    return Looked(
        [
            entry_trouble(each.entry.name, VERBS[each.state], each.why)
            for each in states
            if each.state in VERBS
        ],
        [entry_key(each.entry.name) for each in states if each.state in OVER],
    )


def _requests(now: datetime) -> Iterator[Trouble]:
    """Yield the restores that two people wanted and that did not come."""
    failed = RestoreRequest.objects.filter(
        state__in=(RequestState.FAILED, RequestState.EXPIRED),
        finished_at__gt=now - REQUESTS_OF,
    ).exclude(decided_key="")
    for request in failed:
        name = f"the restore of {request.backup_id}"
        yield Trouble(
            f"restore:{request.pk}",
            name,
            f"{name} failed",
            f"{request.told}, asked for by {request.asked_by} ({request.reason})",
            fix="see Database > Restores",
            happened=True,
        )
