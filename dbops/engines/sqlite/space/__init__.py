"""What a database takes: sizes, indexes, bloat, its schema. Nothing counts traffic."""

from __future__ import annotations

from dbops.engines.sqlite.space.bloat import bloat, exact_bloat
from dbops.engines.sqlite.space.indexes import index_facts
from dbops.engines.sqlite.space.schema import schema
from dbops.engines.sqlite.space.sizes import sizes
from dbops.engines.verbs.space import SpaceVerbs
from dbops.engines.verbs.space.bloat import BloatFacts
from dbops.engines.verbs.space.indexes import IndexFacts
from dbops.engines.verbs.space.schema import Schema
from dbops.engines.verbs.space.sizes import Sizes
from dbops.engines.verbs.space.traffic import Traffic


class SqliteSpace(SpaceVerbs):
    """The verbs of what a database takes."""

    def sizes(self) -> Sizes:
        return sizes(self.connection)

    def traffic(self) -> Traffic | None:
        return None

    def index_facts(self) -> IndexFacts:
        return index_facts(self.connection)

    def bloat(self) -> BloatFacts:
        return bloat(self.connection)

    def exact_bloat(self, table: str) -> BloatFacts:
        return exact_bloat(self.connection, table)

    def schema(self) -> Schema:
        return schema(self.connection)
