"""What a database takes: sizes, indexes, bloat, reads and writes, its schema."""

from __future__ import annotations

from dbops.engines.verbs.base import Verbs


class SpaceVerbs(Verbs):
    """The verbs of what a database takes."""
