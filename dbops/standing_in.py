"""Another database under the live one's alias, for one thread, to be read only.

What an app proves about its books it asks of the default alias. Connections belong to
a thread, so the alias can stand for a restored copy there while every other thread of
this process goes on with the live database; and the server refuses any write.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from dbops.engines.base import Engine


@contextmanager
def standing_in(engine: Engine, name: str) -> Iterator[None]:
    """Have this thread read the database ``name`` under the alias of ``engine``."""
    alias = engine.connection.alias
    live = connections[alias]
    copy = live.copy()
    copy.settings_dict = engine.reading_settings_of(name)
    connections[alias] = copy
    try:
        yield
    finally:
        connections[alias] = live
        copy.close()
