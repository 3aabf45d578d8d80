"""What Prometheus is told beside what django-prometheus counts by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from stateset.lib.gauges import all_gauges
from stateset.system.health import UP, Readiness


@dataclass(frozen=True)
class ReadinessCollector(Collector):
    """Gauges as of one answer; what is unknown is left out, never 0.

    No ``Gauge`` objects: with several web processes those write to a shared folder,
    from where each process would report the last word of all others.
    """

    readiness: Readiness
    version: str

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily(
            "stateset_build", "The running version.", {"version": self.version}
        )
        yield GaugeMetricFamily(
            "stateset_database_up",
            "Whether the database answered in time.",
            value=self.readiness.database == UP,
        )
        if self.readiness.unapplied is not None:
            yield GaugeMetricFamily(
                "stateset_migrations_unapplied",
                "Migrations in the code that the database has not seen.",
                value=self.readiness.unapplied,
            )
        if self.readiness.database == UP:
            yield from _families()


def _families() -> list[Metric]:
    """Return what the apps tell; a table that is not there silences only them."""
    families: dict[str, GaugeMetricFamily] = {}
    try:
        for gauge in all_gauges():
            family = families.setdefault(
                gauge.name,
                GaugeMetricFamily(gauge.name, gauge.words, labels=[*gauge.labels]),
            )
            family.add_metric([*gauge.labels.values()], gauge.value)
    except DatabaseError:
        return []
    return [*families.values()]


def render_gauges(readiness: Readiness, *, version: str) -> bytes:
    """Return the gauges in the text format, for one answer to Prometheus."""
    registry = CollectorRegistry()
    registry.register(ReadinessCollector(readiness, version))
    return generate_latest(registry)
