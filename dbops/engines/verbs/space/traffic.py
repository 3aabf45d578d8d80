"""What was read and written, as the server has counted it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Counters = Mapping[str, int]


@dataclass(frozen=True)
class Traffic:
    """Counters of one moment; they only grow, unless the server forgets them.

    ``hits`` were found in shared buffers; ``reads`` were not, but may still have
    come out of the operating system's memory. ``since`` is when counting began, None
    where the server does not tell. ``streams`` are by backend, object and context.
    """

    at: datetime
    since: datetime | None
    database: Counters
    tables: Mapping[str, Counters]
    indexes: Mapping[str, Counters]
    streams: Mapping[tuple[str, str, str], Counters] | None
