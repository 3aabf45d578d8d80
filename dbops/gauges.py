"""What Prometheus is told of backups, drills and health: what the last check found.

The checks run every few minutes and keep their results; so a scrape asks neither the
storage nor the server, and a store that hangs does not silence all other metrics.
"""

from __future__ import annotations

from collections.abc import Iterator

from dbops import conf
from dbops.models import HealthSample
from dbops.monitoring.health import SETTING
from dbops.monitoring.results import EXIT_CODES
from stateset.lib.gauges import Gauge

# Checks whose value is how long ago something was, and what that moment is called.
MOMENTS = {
    "last_backup": (
        "stateset_backup_last_success_timestamp_seconds",
        "When the newest good backup was begun.",
    ),
    "backup_verified": (
        "stateset_backup_verified_timestamp_seconds",
        "When a backup was last decoded or restored and found good.",
    ),
    "recovery_drill": (
        "stateset_drill_last_success_timestamp_seconds",
        "When a drill last brought a whole backup back.",
    ),
}
CODES = {str(status): code for status, code in EXIT_CODES.items()}


def gauges() -> Iterator[Gauge]:
    """Yield what the newest check of health has found."""
    yield Gauge(
        "stateset_recovery_budget_seconds",
        "How long a recovery may take.",
        conf.recovery_budget().total_seconds(),
    )
    newest = HealthSample.objects.order_by("-at").values("at")[:1]
    samples = {
        sample.name: sample
        for sample in HealthSample.objects.filter(at__in=newest)
        if not sample.name.startswith(SETTING)
    }
    for sample in samples.values():
        yield Gauge(
            "stateset_health_status",
            "What a check of health found: 0 ok, 1 warning, 2 critical, 3 unknown.",
            CODES[sample.status],
            {"check": sample.name},
        )
    for name, (metric, words) in MOMENTS.items():
        known = samples.get(name)
        if known is not None and known.value is not None:
            yield Gauge(metric, words, known.at.timestamp() - known.value)
    yield from _drills(samples)
    if samples:
        yield Gauge(
            "stateset_health_checked_timestamp_seconds",
            "When health was last checked; all of these are as of then.",
            max(sample.at for sample in samples.values()).timestamp(),
        )


def _drills(samples: dict[str, HealthSample]) -> Iterator[Gauge]:
    drill, took = samples.get("recovery_drill"), samples.get("recovery_time")
    if drill is not None and (drill.value is not None or drill.status == "critical"):
        yield Gauge(
            "stateset_drill_success",
            "Whether the last drill brought a whole backup back.",
            drill.status != "critical",
        )
    if took is not None and took.value is not None:
        yield Gauge(
            "stateset_recovery_seconds",
            "How long the last proven recovery took, from choosing a backup to proof.",
            took.value,
        )
