"""The page of health: what the last check found, and what settings could be better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from dbops import conf
from dbops.admin.health_sample import COLOURS, measured
from dbops.models import HealthSample, HealthStatus
from dbops.monitoring.health import SETTING
from dbops.views.asking import ask_workers
from stateset.lib import admin
from stateset.lib.admin.columns import time_tag
from stateset.lib.admin.pages import PageAction, ask_and_do, show_page
from stateset.lib.tiles import list_url

MAY_ACT = "dbops.run_schedule"
CHECKING = "health-by-hand"
DAY = timedelta(days=1)
OLD_AFTER = timedelta(minutes=15)
WORST_FIRST = ("critical", "warning", "unknown", "ok")


def show_health(request: HttpRequest) -> HttpResponse:
    """Show the last samples, the worst first; cost: three queries, no check."""
    now = timezone.now()
    newest = HealthSample.objects.order_by("-at").values_list("at", flat=True).first()
    samples = list(HealthSample.objects.filter(at=newest)) if newest else []
    samples.sort(key=lambda each: (WORST_FIRST.index(each.status), each.name))
    checks = [each for each in samples if not each.name.startswith(SETTING)]
    settings = [each for each in samples if each.name.startswith(SETTING)]
    history = _history(now)
    return show_page(
        request,
        "dbops/health.html",
        title="Health",
        checked=newest and time_tag(newest),
        is_old=newest is not None and now - newest > OLD_AFTER,
        counts=_counts(checks),
        checks=[_row(each, history) for each in checks],
        settings=[_row(each, {}) for each in settings],
        may_act=request.user.has_perm(MAY_ACT),
        samples_url=list_url(HealthSample),
    )


def check_now(request: HttpRequest) -> HttpResponse:
    """Ask, then have the workers check."""

    def perform(request: HttpRequest, _data: Mapping[str, Any]) -> str:
        return ask_workers(request, CHECKING, "dbops.sample_health", {})

    explain = "Every check runs once and its result is kept. Nothing is changed."
    if not conf.has_workers():
        explain += " There are no workers: this page waits until it is done."
    action = PageAction("Check now", MAY_ACT, perform, explain=explain)
    crumbs = [("Health", reverse("admin:database_health"))]
    return ask_and_do(request, action, title="Check now", crumbs=crumbs)


def _counts(checks: list[HealthSample]) -> list[str]:
    """Return a pill for each status there is, the worst first."""
    counts = Counter(check.status for check in checks)
    return [
        admin.pill(f"{counts[status]} {HealthStatus(status).label}", _colour(status))
        for status in WORST_FIRST
        if counts[status]
    ]


def _colour(status: str) -> str:
    return COLOURS.get(status, admin.NEUTRAL)


def _history(now: datetime) -> dict[str, str]:
    """Return for each check how often it was not ok in a day, "" for never."""
    counted = (
        HealthSample.objects.filter(at__gt=now - DAY)
        .order_by()
        .values("name")
        .annotate(
            times=Count("pk"),
            bad=Count("pk", filter=Q(status__in=("warning", "critical"))),
        )
    )
    return {
        each["name"]: f"not ok {each['bad']} of {each['times']} times"
        for each in counted
        if each["bad"]
    }


def _row(sample: HealthSample, history: Mapping[str, str]) -> dict[str, Any]:
    label = HealthStatus(sample.status).label
    return {
        "name": sample.name.removeprefix(SETTING),
        "pill": admin.pill(label, _colour(sample.status)),
        "value": measured(sample),
        "message": sample.message,
        "hint": sample.hint,
        "history": history.get(sample.name, ""),
    }
