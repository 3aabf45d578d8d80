"""What a database takes: sizes, indexes, bloat, reads and writes, its schema."""

from __future__ import annotations

from dbops.engines.postgresql.space.bloat import bloat
from dbops.engines.postgresql.space.indexes import index_facts
from dbops.engines.postgresql.space.measuring import exact_bloat
from dbops.engines.postgresql.space.schema import schema
from dbops.engines.postgresql.space.sizes import sizes
from dbops.engines.postgresql.space.traffic import traffic
from dbops.engines.verbs.space import SpaceVerbs
from dbops.engines.verbs.space.bloat import BloatFacts
from dbops.engines.verbs.space.indexes import IndexFacts
from dbops.engines.verbs.space.schema import Schema
from dbops.engines.verbs.space.sizes import Sizes
from dbops.engines.verbs.space.traffic import Traffic


class PostgresqlSpace(SpaceVerbs):
    """The verbs of what a database takes."""

    def sizes(self) -> Sizes:
        return sizes(self.connection)

    def traffic(self) -> Traffic | None:
        return traffic(self.connection)

    def index_facts(self) -> IndexFacts:
        return index_facts(self.connection)

    def bloat(self) -> BloatFacts:
        return bloat(self.connection)

    def exact_bloat(self, table: str) -> BloatFacts:
        return exact_bloat(self.connection, table)

    def schema(self) -> Schema:
        return schema(self.connection)
