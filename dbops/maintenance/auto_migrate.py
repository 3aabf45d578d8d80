"""Migrate when a development server starts, once however many start together."""

from __future__ import annotations

import logging
import time

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections

from dbops import conf
from dbops.engines.registry import get_engine
from dbops.errors import OperationBusyError
from dbops.leases import leased
from stateset.lib.databases import unapplied_migrations

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.2


def migrate_at_start(alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Migrate if APP__AUTO_MIGRATE says so; return whether this call did it.

    Outside development it only warns. Raises OperationBusyError when another run
    keeps the database for longer than two minutes.
    """
    if not conf.auto_migrate():
        return False
    if conf.environment() == "production":
        logger.warning(
            "APP__AUTO_MIGRATE does nothing in production: run `migration up`."
        )
        return False
    connections[alias].prepare_database()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return _migrate(alias)
        except OperationBusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def _migrate(alias: str) -> bool:
    connection = connections[alias]
    try:
        with leased(get_engine(alias), "auto-migrate"):
            waiting = unapplied_migrations(connection)
            if waiting:
                logger.info("Applying %d migrations.", len(waiting))
                call_command("migrate", database=alias, interactive=False, verbosity=0)
        return bool(waiting)
    finally:
        connection.close()
