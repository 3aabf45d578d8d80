"""The only place that knows one database from another."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections

from dbops import conf
from dbops.engines.base import Contents, Engine, Source
from dbops.engines.postgresql.engine import PostgresqlEngine
from dbops.engines.sqlite.engine import SqliteEngine
from dbops.errors import EngineUnknownError

ENGINES: dict[str, type[Engine]] = {
    engine.vendor: engine for engine in (PostgresqlEngine, SqliteEngine)
}


def get_engine(alias: str = DEFAULT_DB_ALIAS) -> Engine:
    """Return the engine of one alias; no other database is opened."""
    connection = connections[alias]
    engine = ENGINES.get(connection.vendor)
    if engine is None:
        raise EngineUnknownError(
            f"The database {alias!r} cannot be worked on.",
            why=f"it is {connection.display_name}",
            fix="use PostgreSQL or SQLite",
        )
    return engine(connection, conf.engine_options())


def get_drill_engine(alias: str = DEFAULT_DB_ALIAS) -> Engine:
    """Return the engine that restores are tried out by: elsewhere, if so configured."""
    live = get_engine(alias)
    elsewhere = conf.drill_database()
    if elsewhere.get("ENGINE") != live.connection.settings_dict["ENGINE"]:
        return live
    connection = live.connection.copy()
    connection.settings_dict.update(elsewhere)
    return type(live)(connection, conf.engine_options())


def decode_dump(vendor: str, source: Source, expected: Contents) -> None:
    """Read a dump of any engine to its end; no database is opened."""
    engine = ENGINES.get(vendor)
    if engine is None:
        raise EngineUnknownError(
            "The dump cannot be read.",
            why=f"it is one of {vendor!r}",
            fix="use the release that wrote it",
        )
    engine.decode(conf.engine_options(), source, expected)
