"""What is read and written, in all or over a few seconds."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from dbops.engines.registry import get_engine
from dbops.engines.verbs.space.traffic import Counters, Traffic

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Flow:
    """Counters as they stand, or of ``seconds`` between two looks.

    ``since`` is when the server began to count, None where it does not tell.
    """

    seconds: float | None
    since: datetime | None
    database: Counters
    tables: Mapping[str, Counters]
    indexes: Mapping[str, Counters]
    streams: Mapping[tuple[str, str, str], Counters] | None


def measure_traffic(*, alias: str, over: timedelta | None = None) -> Flow | None:
    """Return what was read and written, None where nothing counts it.

    Takes as long as ``over``, for a look before and one after.
    """
    engine = get_engine(alias)
    first = engine.traffic()
    if first is None:
        return None
    if over is None:
        return Flow(
            seconds=None,
            since=first.since,
            database=first.database,
            tables=first.tables,
            indexes=first.indexes,
            streams=first.streams,
        )
    time.sleep(over.total_seconds())
    second = engine.traffic()
    return None if second is None else between(first, second)


def between(first: Traffic, second: Traffic) -> Flow:
    """Return what has happened between two looks.

    Where a counter has fallen, the server has begun anew in between: what it counts
    now has all happened since.
    """
    streams = None
    if second.streams is not None:
        streams = _grown(first.streams or {}, second.streams)
    return Flow(
        seconds=(second.at - first.at).total_seconds(),
        since=second.since,
        database=_growth(first.database, second.database),
        tables=_grown(first.tables, second.tables),
        indexes=_grown(first.indexes, second.indexes),
        streams=streams,
    )


def hit_percent(counters: Counters) -> float | None:
    """Return how many of the blocks were in shared buffers; None if there were none.

    Rounded down: 100 says that nothing was read.
    """
    blocks = counters["hits"] + counters["reads"]
    return 1000 * counters["hits"] // blocks / 10 if blocks else None


def _grown(
    first: Mapping[Key, Counters], second: Mapping[Key, Counters]
) -> dict[Key, Counters]:
    return {
        key: _growth(first.get(key, {}), counters) for key, counters in second.items()
    }


def _growth(first: Counters, second: Counters) -> Counters:
    if any(second[name] < first.get(name, 0) for name in second):
        return second
    return {name: count - first.get(name, 0) for name, count in second.items()}
