"""What a database takes: sizes, indexes, bloat, reads and writes, its schema."""

from __future__ import annotations

from abc import abstractmethod

from dbops.engines.verbs.base import Verbs
from dbops.engines.verbs.space.bloat import BloatFacts
from dbops.engines.verbs.space.indexes import IndexFacts
from dbops.engines.verbs.space.schema import Schema
from dbops.engines.verbs.space.sizes import Sizes
from dbops.engines.verbs.space.traffic import Traffic


class SpaceVerbs(Verbs):
    """The verbs of what a database takes; none of them changes anything."""

    @abstractmethod
    def sizes(self) -> Sizes:
        """Return how big the database and its tables are, the biggest table first."""

    @abstractmethod
    def traffic(self) -> Traffic | None:
        """Return what was read and written, None where nothing counts it."""

    @abstractmethod
    def index_facts(self) -> IndexFacts:
        """Return the indexes and the foreign keys."""

    @abstractmethod
    def bloat(self) -> BloatFacts:
        """Return what is empty in tables and indexes, as cheaply as can be."""

    @abstractmethod
    def exact_bloat(self, table: str) -> BloatFacts:
        """Measure one table and its indexes; cost: reading them whole.

        Raises TableNotFoundError.
        """

    @abstractmethod
    def schema(self) -> Schema:
        """Return the tables with their columns, by name."""
