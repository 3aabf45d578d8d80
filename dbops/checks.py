"""What is wrong with the databases' settings, found before the first connection.

Checks that connect run only under ``check --database``, and under ``migrate``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core import checks
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseError, InterfaceError, NotSupportedError

from dbops import conf
from dbops.engines.configuration import BY_VENDOR

Found = list[checks.CheckMessage]


def check_pools(app_configs: object, **_: Any) -> Found:
    """Find pool settings that fail at the first connection only."""
    found: Found = []
    limits = conf.pool()
    if limits.min_size > limits.max_size:
        found.append(
            checks.Error(
                f"APP__DATABASE_MIN_CONNECTIONS is {limits.min_size}, more than "
                f"APP__DATABASE_MAX_CONNECTIONS, which is {limits.max_size}.",
                hint="Make the minimum no larger than the maximum.",
                id="dbops.E001",
            )
        )
    for connection in connections.all():
        options = connection.settings_dict["OPTIONS"]
        if options.get("pool") and connection.settings_dict["CONN_MAX_AGE"] != 0:
            found.append(
                checks.Error(
                    f"The database {connection.alias!r} has a pool and CONN_MAX_AGE.",
                    hint="Set its CONN_MAX_AGE to 0: the pool keeps connections open.",
                    id="dbops.E002",
                )
            )
    return found


def check_poolers(app_configs: object, **_: Any) -> Found:
    """Find what does not go together with PgBouncer, before a page shows it."""
    found: Found = []
    for connection in connections.all():
        conflicts = BY_VENDOR[connection.vendor].pooler_conflicts
        for conflict in conflicts(connection.settings_dict):
            kind, id_ = (
                (checks.Error, "dbops.E020")
                if conflict.is_certain
                else (checks.Warning, "dbops.W021")
            )
            found.append(
                kind(
                    f"The database {connection.alias!r} {conflict.what}.",
                    hint=conflict.remedy,
                    id=id_,
                )
            )
        if conf.is_behind_pooler() and BY_VENDOR[connection.vendor].IS_FILE:
            found.append(
                checks.Warning(
                    "APP__DATABASE_PGBOUNCER is set, and the database "
                    f"{connection.alias!r} is {connection.display_name}, which has no "
                    "server.",
                    hint="Unset it, or set APP__DATABASE_URL=postgres://….",
                    id="dbops.W022",
                )
            )
    return found


def check_installation(app_configs: object, **_: Any) -> Found:
    """Find what does not go with production."""
    if conf.environment() != "production":
        return []
    found: Found = [
        checks.Warning(
            f"The database {connection.alias!r} is {connection.display_name} in "
            "production: it has one writer at a time and one machine.",
            hint="Set APP__DATABASE_URL=postgres://….",
            id="dbops.W003",
        )
        for connection in connections.all()
        if BY_VENDOR[connection.vendor].IS_FILE
    ]
    if conf.auto_migrate():
        found.append(
            checks.Warning(
                "APP__AUTO_MIGRATE is set in production, where it does nothing.",
                hint="Unset it, and run `manage.py migrate` before each start.",
                id="dbops.W004",
            )
        )
    return found


def check_servers(
    app_configs: object, databases: Iterable[str] | None = None, **_: Any
) -> Found:
    """Ask the named databases what settings alone can't tell."""
    found: Found = []
    for alias in databases or ():
        connection = connections[alias]
        try:
            found += _server_problems(connection)
        except NotSupportedError as error:
            found.append(_too_old(alias, str(error)))
        except (DatabaseError, InterfaceError) as error:
            found.append(_unreachable(alias, error))
    return found


def _server_problems(connection: BaseDatabaseWrapper) -> Found:
    engine = BY_VENDOR[connection.vendor]
    # Asked by migrate too, just before it creates the database.
    if engine.is_to_be_created(connection):
        return []
    connection.ensure_connection()
    return _pooler(connection) + _limits(connection) + _connections(connection)


def _pooler(connection: BaseDatabaseWrapper) -> Found:
    if not BY_VENDOR[connection.vendor].has_unsaid_pooler(connection):
        return []
    return [
        checks.Warning(
            f"A pooler stands before the server of the database {connection.alias!r}, "
            "and statements are prepared through it.",
            hint="If it pools by transaction, set APP__DATABASE_PGBOUNCER=true, or "
            "their answers get mixed up. If it pools by session all is well; "
            "APP__DATABASE_PREPARE_THRESHOLD=0 ends this warning.",
            id="dbops.W024",
        )
    ]


def _limits(connection: BaseDatabaseWrapper) -> Found:
    if not BY_VENDOR[connection.vendor].lacks_statement_timeout(connection):
        return []
    user = connection.settings_dict["USER"]
    return [
        checks.Warning(
            f"Statements of the database {connection.alias!r} have no time limit: "
            "PgBouncer does not pass APP__DATABASE_STATEMENT_TIMEOUT on.",
            hint=f"Have a DBA run: ALTER ROLE {user} SET statement_timeout = '30s'.",
            id="dbops.W023",
        )
    ]


def _connections(connection: BaseDatabaseWrapper) -> Found:
    limit = BY_VENDOR[connection.vendor].connection_limit(connection)
    wanted = conf.pool().max_size * conf.web_processes()
    if limit is None or wanted <= limit or conf.is_behind_pooler():
        return []
    return [
        checks.Warning(
            f"WEB_CONCURRENCY times APP__DATABASE_MAX_CONNECTIONS is {wanted}; the "
            f"server of the database {connection.alias!r} has {limit} connections to "
            "give.",
            hint="Lower one of them, or raise the server's max_connections.",
            id="dbops.W005",
        )
    ]


def _too_old(alias: str, reason: str) -> checks.CheckMessage:
    return checks.Error(
        f"The database {alias!r} is too old: {reason}",
        hint="Move to a release that is still maintained.",
        id="dbops.E006",
    )


def _unreachable(alias: str, error: Exception) -> checks.CheckMessage:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return checks.Warning(
        f"The database {alias!r} does not answer, so it was not checked: {reason}",
        hint="Start its server or create it, or correct APP__DATABASE_URL.",
        id="dbops.W007",
    )
