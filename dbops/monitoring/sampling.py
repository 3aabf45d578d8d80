"""Check a database's health and keep what was found, for whoever asks later."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, transaction
from django.utils import timezone

from dbops import conf
from dbops.models import HealthSample
from dbops.monitoring.health import SETTING
from dbops.monitoring.results import CheckResult
from dbops.monitoring.watching import watch_health

ENOUGH_FOR = timedelta(minutes=4)
"""Less than lies between two lines of cron, more than between a monitor's looks."""

logger = logging.getLogger(__name__)


def sample_health(alias: str = DEFAULT_DB_ALIAS) -> list[CheckResult]:
    """Check one database, keep the results in the main one, and tell what is news.

    Settings that are as advised are not kept: they seldom change.
    """
    results = watch_health(alias)
    _keep(results)
    return results


def look_unattended(alias: str = DEFAULT_DB_ALIAS) -> list[CheckResult]:
    """Check one database for cron or a monitor, and tell what is news.

    Where no worker does it, the results are kept for pages and metrics too; a database
    that does not take them is what the results tell of.
    """
    results = watch_health(alias)
    if alias == DEFAULT_DB_ALIAS and not conf.has_workers():
        try:
            with transaction.atomic():
                since = timezone.now() - ENOUGH_FOR
                if not HealthSample.objects.filter(at__gt=since).exists():
                    _keep(results)
        except (DatabaseError, InterfaceError) as error:
            logger.info("What was found is not kept: %s", error)
    return results


def summarise(results: list[CheckResult]) -> str:
    """Return in one line how many checks are not ok, and which."""
    bad = [f"{each.name} {each.status}" for each in results if each.status != "ok"]
    count = len(results) - len(bad)
    return ", ".join([f"{count} of {len(results)} checks are ok", *bad])


def _keep(results: Iterable[CheckResult]) -> None:
    now = timezone.now()
    HealthSample.objects.bulk_create(
        HealthSample(
            at=now,
            name=result.name,
            status=result.status,
            value=result.value,
            unit=result.unit,
            message=result.message,
            hint=result.hint,
        )
        for result in results
        if result.hint or not result.name.startswith(SETTING)
    )
