"""What an app tells Prometheus: its ``gauges.py`` says ``gauges()``.

    def gauges() -> Iterator[Gauge]:
        yield Gauge("stateset_parcels_waiting", "Parcels to be sent.", Parcel.count())

It is asked at every scrape, every few seconds: one cheap query, nothing outside the
database. What is unknown is left out, never 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from stateset.lib.discovery import discover


@dataclass(frozen=True)
class Gauge:
    """One figure as of now; those of one name differ in their labels."""

    name: str
    words: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def all_gauges() -> Iterator[Gauge]:
    """Yield the figures of every app that has some."""
    for module in discover("gauges"):
        yield from module.gauges()
