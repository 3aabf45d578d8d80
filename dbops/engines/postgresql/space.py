"""What a database takes: sizes, indexes, bloat, reads and writes, its schema."""

from __future__ import annotations

from dbops.engines.verbs.space import SpaceVerbs


class PostgresqlSpace(SpaceVerbs):
    """The verbs of what a database takes."""
