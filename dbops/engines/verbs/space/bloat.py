"""Room that is taken and holds nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbops.engines.verbs.space.names import TableName

Certainty = Literal["measured", "estimated", "at least", "unknown"]


@dataclass(frozen=True)
class Bloat:
    """One table or index: its size, and how much of it is empty, in bytes.

    ``bloat`` is None where ``certainty`` is unknown; ``note`` then says why.
    """

    table: TableName
    index: str
    size: int | None
    bloat: int | None
    certainty: Certainty
    note: str = ""


@dataclass(frozen=True)
class BloatFacts:
    """What was found; ``free`` are pages that belong to no table, in bytes.

    ``hint`` says how the room is won back.
    """

    relations: tuple[Bloat, ...]
    hint: str
    free: int | None = None
