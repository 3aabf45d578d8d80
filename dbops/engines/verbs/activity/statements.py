"""Which statements cost most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One statement over all its calls; times in milliseconds.

    ``queryid`` is text, for it has more digits than JavaScript can count;
    ``query`` is None where it is hidden from this role.
    """

    queryid: str
    calls: int
    mean_ms: float
    max_ms: float
    total_ms: float
    rows: int
    share: float
    query: str | None


@dataclass(frozen=True)
class Statements:
    """The statements, or in ``missing`` why there are none to see.

    ``remedy`` is what a DBA does about it, or about hidden texts.
    """

    rows: Sequence[Statement] = ()
    missing: str = ""
    remedy: str = ""
