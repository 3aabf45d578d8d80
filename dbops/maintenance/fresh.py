"""Drop everything and migrate anew: for development and staging, never production."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, connections

from dbops import conf
from dbops.audit import journaled
from dbops.backups.create import SAFETY, create_backup
from dbops.django_migrate import run_django_migrate
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.errors import DbopsError, MigrationFailedError, MigrationRefusedError
from dbops.leases import leased
from dbops.maintenance.migrating import PRODUCTION, Tell, silently
from dbops.stopping import stoppable


@dataclass(frozen=True)
class Freshness:
    """What is there now, and so will be dropped."""

    name: str
    tables: int


def plan_fresh(alias: str = DEFAULT_DB_ALIAS) -> Freshness:
    """Return what would be dropped; raise MigrationRefusedError in production."""
    if conf.environment() == PRODUCTION:
        raise MigrationRefusedError(
            "Nothing was dropped.",
            why="this is a production installation (APP__ENVIRONMENT)",
            fix="take single migrations back with `migration down`",
        )
    engine = get_engine(alias)
    engine.require_database()
    tables = connections[alias].introspection.table_names()
    return Freshness(engine.short_name, len(tables))


def make_fresh(*, alias: str = DEFAULT_DB_ALIAS, tell: Tell = silently) -> str:
    """Drop all tables, migrate anew, and return the safety backup's id, if any.

    On SQLite the old file stays until the new one
    is whole; on PostgreSQL the drop is done, or not, before the migrations begin.
    """
    known = plan_fresh(alias)
    engine = get_engine(alias)
    with (
        journaled("migration.fresh", subject="database") as details,
        stoppable("The migration"),
        leased(engine, "migration"),
    ):
        backup_id = ""
        if known.tables:
            reason = "before migration fresh"
            backup_id = create_backup(alias=alias, kind=SAFETY, reason=reason).id
            tell(f"backup: {backup_id}")
        _rebuild(engine, backup_id)
        details |= {"id": alias, "backup": backup_id}
    return backup_id


def _rebuild(engine: Engine, backup_id: str) -> None:
    alias = engine.connection.alias
    try:
        engine.rebuild(lambda: run_django_migrate(alias))
    except DbopsError:
        raise
    except Exception as error:
        message = next(iter(str(error).splitlines()), "")
        backup = f"; what was there is in the backup {backup_id}" if backup_id else ""
        raise MigrationFailedError(
            "The database was not migrated anew.",
            why=f"{type(error).__name__}: {message}",
            fix=f"mend what it says, then run `migration fresh` again{backup}",
        ) from error
