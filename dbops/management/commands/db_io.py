from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.db import connections

from dbops.engines.verbs.space.traffic import Counters
from dbops.management.watching import WATCH_SECONDS, WatchingCommand, span
from dbops.monitoring.io import Flow, hit_percent, measure_traffic
from dbops.values import Ago, Label, Size
from stateset.lib.reports import Report

NOT_COUNTED = (
    "Nothing counts what is read and written. See db_sizes and db_bloat for what there"
    " is to read; the operating system counts the reads of each process."
)
HIT = (
    "A hit was found in shared buffers; a read was not, but may still have come out of"
    " the operating system's memory. Blocks are of 8 KiB as a rule."
)


class Command(WatchingCommand):
    help = "Show what is read and written, and how much of it came out of memory."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--over",
            type=span,
            metavar="SPAN",
            help="Count for so long, as 5s, instead of all since the server's"
            " counters began.",
        )

    def run(
        self, *, database: str, limit: int, over: int | None, **_options: Any
    ) -> Report:
        flow = measure_traffic(alias=database, over_seconds=over)
        if flow is None:
            name = connections[database].display_name
            return Report(summary=f"Not on {name}", notes=[NOT_COUNTED])
        return Report(
            summary=f"{_summary(flow)}; {_period(flow)}",
            facts={
                "seconds": flow.seconds,
                "since": flow.since,
                "hit_percent": hit_percent(flow.database),
                **_sized(flow.database),
            },
            rows=_rows("table", flow.tables, limit),
            sections={
                "indexes": _rows("index", flow.indexes, limit),
                "backends": _streams(flow, limit),
            },
            notes=[HIT],
        )

    def each_time(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "over": options["over"] or WATCH_SECONDS}

    def pause(self) -> None:
        """Go on at once: each look takes its time."""


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
