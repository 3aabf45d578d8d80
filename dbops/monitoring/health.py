"""Everything that tells a healthy database from a sick one, in one list."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS

from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.engines.verbs.activity.health import Advice
from dbops.errors import DatabaseUnavailableError
from dbops.monitoring.backups import check_backups
from dbops.monitoring.replication import check_replication
from dbops.monitoring.results import CheckResult
from dbops.monitoring.rules import judge
from dbops.monitoring.telling import check_telling
from dbops.scheduling.health import check_schedule
from stateset.lib.databases import ask_database

SETTING = "setting "
"""What the name of a check begins with that compares a setting with the guide."""

ANSWERS = "answers"
"""The name of the check whether the database answers at all."""

SHOWN = 3
LIMIT_SECONDS = 5.0


def collect_health(alias: str = DEFAULT_DB_ALIAS) -> list[CheckResult]:
    """Check one database and its backups; raises nothing that is the database's.

    Settings come last; one that is not the guide's is ok, with a hint, unless it
    can lose data.
    """
    engine = get_engine(alias)
    try:
        results = [*_check_database(engine), _check_migrations(alias)]
        settings = [_compared(advice) for advice in engine.advice()]
    except DatabaseUnavailableError as error:
        results = [CheckResult(ANSWERS, "critical", f"no: {error.why}", hint=error.fix)]
        settings = []
    return [
        *results,
        *check_backups(alias),
        *check_schedule(alias),
        *check_telling(alias),
        *settings,
    ]


def _check_database(engine: Engine) -> Iterator[CheckResult]:
    for reading in engine.readings():
        yield judge(reading)
    replication = engine.replication()
    if replication is not None:
        yield check_replication(replication)


def _check_migrations(alias: str) -> CheckResult:
    answer = ask_database(alias, limit_seconds=LIMIT_SECONDS)
    if not answer.reachable:
        return CheckResult("migrations", "unknown", answer.reason)
    waiting = answer.unapplied
    listed = ", ".join(waiting[:SHOWN])
    if len(waiting) > SHOWN:
        listed += f" and {len(waiting) - SHOWN} more"
    return CheckResult(
        "migrations",
        "warning" if waiting else "ok",
        f"{len(waiting)} wait: {listed}" if waiting else "all are applied",
        hint="run migration up" if waiting else "",
        value=len(waiting),
        unit="migrations",
    )


def _compared(advice: Advice) -> CheckResult:
    if advice.is_followed:
        return CheckResult(SETTING + advice.name, "ok", advice.seen)
    return CheckResult(
        SETTING + advice.name,
        "warning" if advice.is_dangerous else "ok",
        f"{advice.seen or 'nothing'}, advised {advice.advised}: {advice.why}",
        hint=advice.statement,
    )
