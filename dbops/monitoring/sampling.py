"""Check a database's health and keep what was found, for whoever asks later."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops.models import HealthSample
from dbops.monitoring.health import SETTING
from dbops.monitoring.results import CheckResult
from dbops.monitoring.watching import watch_health


def sample_health(alias: str = DEFAULT_DB_ALIAS) -> list[CheckResult]:
    """Check one database, keep the results in the main one, and tell what is news.

    Settings that are as advised are not kept: they seldom change.
    """
    results = watch_health(alias)
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
    return results


def summarise(results: list[CheckResult]) -> str:
    """Return in one line how many checks are not ok, and which."""
    bad = [f"{each.name} {each.status}" for each in results if each.status != "ok"]
    count = len(results) - len(bad)
    return ", ".join([f"{count} of {len(results)} checks are ok", *bad])
