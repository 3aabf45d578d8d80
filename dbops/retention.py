"""How long dbops keeps what it remembers of runs and checks."""

from __future__ import annotations

from datetime import datetime

from dbops import conf
from dbops.models import HealthSample, RunState, ScheduledRun
from stateset.lib.retention import Rows, Rule


def rules() -> tuple[Rule, ...]:
    """Return the rules of samples and runs; what still runs stays."""
    return (
        Rule("dbops.samples", conf.keep_samples(), _samples),
        Rule("dbops.runs", conf.keep_runs(), _runs),
    )


def _samples(before: datetime) -> Rows:
    return HealthSample.objects.filter(at__lt=before)


def _runs(before: datetime) -> Rows:
    return ScheduledRun.objects.filter(slot__lt=before).exclude(state=RunState.RUNNING)
