"""What Prometheus is told beside what django-prometheus counts by itself."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from stateset.system.health import UP, Readiness


def render_gauges(readiness: Readiness, *, version: str) -> bytes:
    """Return gauges in the text format; what is unknown is left out.

    They have a registry of their own: with several processes django-prometheus
    reads a folder of files, and gauges of the default registry would vanish.
    """
    registry = CollectorRegistry()
    Gauge(
        "stateset_build_info", "The running version.", ["version"], registry=registry
    ).labels(version).set(1)
    Gauge(
        "stateset_database_up",
        "Whether the database answered within the limit.",
        registry=registry,
    ).set(readiness.database == UP)
    if readiness.unapplied is not None:
        Gauge(
            "stateset_migrations_unapplied",
            "Migrations in the code that the database has not seen.",
            registry=registry,
        ).set(readiness.unapplied)
    return generate_latest(registry)
