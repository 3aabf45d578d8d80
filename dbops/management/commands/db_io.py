from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from dbops.engines.verbs.space.traffic import Counters
from dbops.management.choices import add_limit, not_on, noted, span
from dbops.management.watching import WatchedCommand
from dbops.monitoring.io import Flow, hit_percent, measure_traffic
from dbops.values import Ago, Label, Size
from stateset.lib.reports import Report, Section

NONE = (
    "Not on {engine}: it does not count what it reads and writes; db_sizes and db_bloat"
    " show what there is to read"
)
PACE = timedelta(seconds=3)
HIT = (
    "A hit was found in shared buffers; a read was not, but may still have come out of"
    " the operating system's memory. Both are blocks, of 8 KiB as a rule."
)


class Command(WatchedCommand):
    help = "Show what is read and written, and how much of it came out of memory."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_limit(parser)
        parser.add_argument(
            "--over",
            type=span,
            metavar="TIME",
            help="Count for so long, as 5s, instead of all since the server's"
            " counters began.",
        )

    def run(self, *, watch: bool, **options: Any) -> Report:
        # Who watches wants to see what happens now.
        if watch and options["over"] is None:
            options["over"] = PACE
        return super().run(watch=watch, **options)

    def look(
        self, *, database: str, limit: int, over: timedelta | None, **_options: Any
    ) -> Report:
        flow = measure_traffic(alias=database, over=over)
        if flow is None:
            return Report(summary=not_on(database, NONE))
        tables = _rows("table", flow.tables, limit)
        indexes = _rows("index", flow.indexes, limit)
        backends = _streams(flow, limit)
        return Report(
            summary=f"{_summary(flow)}; {_period(flow)}",
            facts={
                "seconds": flow.seconds,
                "since": flow.since,
                "hit_percent": hit_percent(flow.database),
                **_sized(flow.database),
                "indexes": indexes,
                "backends": backends,
                "notes": [HIT],
            },
            rows=tables,
            sections=(
                Section(tables),
                Section(indexes, title="indexes"),
                Section(backends, title="backends of the whole server"),
                noted([HIT]),
            ),
        )


def _rows(kind: str, found: Mapping[str, Counters], limit: int) -> list[dict[str, Any]]:
    busiest = sorted(
        (item for item in found.items() if any(item[1].values())),
        key=lambda item: (-item[1]["reads"], -item[1]["hits"], item[0]),
    )
    return [
        {
            kind: Label(name),
            "hits": counters["hits"],
            "reads": counters["reads"],
            "hit_percent": hit_percent(counters),
        }
        for name, counters in busiest[:limit]
    ]


def _streams(flow: Flow, limit: int) -> list[dict[str, Any]]:
    found = flow.streams or {}
    busiest = sorted(
        (item for item in found.items() if any(item[1].values())),
        key=lambda item: (
            -(item[1]["read_bytes"] + item[1]["written_bytes"]),
            -item[1]["hits"],
            item[0],
        ),
    )
    return [
        {
            "backend": ", ".join(key),
            "read": Size(counters["read_bytes"]),
            "written": Size(counters["written_bytes"] + counters["extended_bytes"]),
            "fsyncs": counters["fsyncs"],
        }
        for key, counters in busiest[:limit]
    ]


def _summary(flow: Flow) -> str:
    counters = flow.database
    percent = hit_percent(counters)
    hits = "no blocks asked for" if percent is None else f"{percent} % hits"
    return (
        f"{hits}, {counters['reads']} blocks read,"
        f" {counters['temp_files']} temporary files of"
        f" {Size(counters['temp_bytes'])}"
    )


def _period(flow: Flow) -> str:
    if flow.seconds is not None:
        return f"over {flow.seconds:.0f} seconds"
    if flow.since is None:
        return "in all, since the counters began"
    return f"in all, since {Ago.of(flow.since)}"


def _sized(counters: Counters) -> dict[str, int]:
    return {
        name: Size(value) if name.endswith("_bytes") else value
        for name, value in counters.items()
    }
