"""How a PostgreSQL database is named and reached."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.plans import renew_plans
from dbops.engines.tuning import Conflict, Tuning

IS_FILE = False
DEFAULT_NAME = "stateset"
# A pooled connection is replaced after this long, so a failover heals itself.
MAX_LIFETIME_SECONDS = 1800
LOST_AFTER_SECONDS = 30
# libpq's names for what has a place of its own in Django's settings.
PLACES = {
    "dbname": "NAME",
    "user": "USER",
    "password": "PASSWORD",
    "host": "HOST",
    "port": "PORT",
}
# reserved_connections exists from 16 on, hence the default.
CONNECTION_LIMIT = """
    SELECT current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int
"""
POOLED_TWICE = "has a pool of its own in front of PgBouncer's"
START_UP = "sends start-up options, which PgBouncer refuses"
PREPARED = (
    "prepares statements (APP__DATABASE_PREPARE_THRESHOLD), which PgBouncer before"
    " 1.21 mixes up"
)
ARGUMENTS = (
    "application_name",
    "channel_binding",
    "connect_timeout",
    "gssencmode",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "options",
    "passfile",
    "require_auth",
    "service",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
)


def database_from_url(rest: str, *, root: Path) -> dict[str, Any]:
    """Return the ``DATABASES`` entry for what follows ``postgres:`` in a URL.

    ``root`` is of no use here: a server has no place in the project.
    """
    location, _, query = rest.removeprefix("//").partition("?")
    authority, _, name = location.partition("/")
    if "@" in name or "@" in query:
        raise _unescaped("an '@' after its host")
    credentials, _, hosts = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    host, port = _hosts_and_ports(hosts)
    database: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(name),
        "USER": unquote(user),
        "PASSWORD": unquote(password),
        "HOST": host,
        "PORT": port,
        "OPTIONS": {},
    }
    for key, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True):
        _take_argument(database, key, value)
    if not database["NAME"] and "service" not in database["OPTIONS"]:
        raise ImproperlyConfigured(
            "APP__DATABASE_URL names no database: allowed is "
            "postgres://user:password@host:5432/name."
        )
    return database


def database_from_parts(parts: Mapping[str, str], *, root: Path) -> dict[str, Any]:
    """Return the ``DATABASES`` entry for the ``DB_…`` variables that are set."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("DB_NAME", DEFAULT_NAME),
        "USER": parts.get("DB_USER", ""),
        "PASSWORD": parts.get("DB_PASSWORD", ""),
        "HOST": parts.get("DB_HOST", ""),
        "PORT": parts.get("DB_PORT", ""),
        "OPTIONS": {},
    }


def tune(database: dict[str, Any], tuning: Tuning) -> None:
    """Set time-outs and pool; what the URL itself says wins."""
    options = database["OPTIONS"]
    options.setdefault("application_name", tuning.application_name)
    options.setdefault("connect_timeout", tuning.connect_timeout)
    # A host that vanished, as in a failover, is given up after half a minute; the
    # system's own limits are hours.
    options.setdefault("keepalives_idle", LOST_AFTER_SECONDS)
    options.setdefault("tcp_user_timeout", LOST_AFTER_SECONDS * 1000)
    if tuning.prepare_threshold:
        # Without it Django puts the values into the text: nothing to prepare.
        options["server_side_binding"] = True
        options["prepare_threshold"] = tuning.prepare_threshold
    if tuning.is_behind_pooler:
        # A transaction is all one has of a server connection: no cursor lives
        # longer, no start-up parameter arrives, and a pool before it is one too many.
        database["DISABLE_SERVER_SIDE_CURSORS"] = True
        return
    if tuning.statement_timeout:
        # In the start-up packet, so that every connection of a pool has it. What
        # the URL asks for comes last, and the last one counts.
        limit = f"-c statement_timeout={tuning.statement_timeout * 1000}"
        options["options"] = f"{limit} {options.get('options', '')}".strip()
    if tuning.pool is not None:
        options["pool"] = {
            "min_size": tuning.pool.min_size,
            "max_size": tuning.pool.max_size,
            "timeout": tuning.pool.acquire_timeout,
            "max_idle": tuning.pool.idle_timeout,
            "max_lifetime": MAX_LIFETIME_SECONDS,
        }


def prepare_connection(connection: BaseDatabaseWrapper) -> None:
    """Have a connection that keeps plans renew those a migration made stale."""
    keeps = connection.settings_dict["OPTIONS"].get("prepare_threshold") is not None
    if keeps and renew_plans not in connection.execute_wrappers:
        # First: who adds a wrapper for a while takes the last one away.
        connection.execute_wrappers.insert(0, renew_plans)


def is_to_be_created(connection: BaseDatabaseWrapper) -> bool:
    """Return false: nobody creates a database on a server in passing."""
    return False


def pooler_conflicts(database: Mapping[str, Any]) -> list[Conflict]:
    """Return what does not go together with a pooler in front of the server."""
    options = database["OPTIONS"]
    if not database.get("DISABLE_SERVER_SIDE_CURSORS"):
        return []
    found = []
    if options.get("pool"):
        found.append(Conflict(POOLED_TWICE, "Leave the pool to PgBouncer."))
    if options.get("options"):
        found.append(Conflict(START_UP, "Take options out of APP__DATABASE_URL."))
    if options.get("prepare_threshold"):
        found.append(
            Conflict(
                PREPARED,
                "Unset it, or set PgBouncer's max_prepared_statements above 0.",
                is_certain=False,
            )
        )
    return found


def has_unsaid_pooler(connection: BaseDatabaseWrapper) -> bool:
    """Return whether statements are prepared through a pooler nobody told us of.

    A pooler greets with a process number that it makes up.
    """
    settings = connection.settings_dict
    if settings.get("DISABLE_SERVER_SIDE_CURSORS"):
        return False
    if settings["OPTIONS"].get("prepare_threshold") is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return bool(cursor.fetchone()[0] != connection.connection.info.backend_pid)


def lacks_statement_timeout(connection: BaseDatabaseWrapper) -> bool:
    """Return whether a pooler keeps our time limit from the server.

    The role may have one of its own, which every connection gets.
    """
    if not connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
        return False
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0]) == "0"


def connection_limit(connection: BaseDatabaseWrapper) -> int | None:
    """Return how many connections the server has for ordinary roles."""
    with connection.cursor() as cursor:
        cursor.execute(CONNECTION_LIMIT)
        return int(cursor.fetchone()[0])


def _take_argument(database: dict[str, Any], key: str, value: str) -> None:
    if key in PLACES:
        database[PLACES[key]] = value
    elif key in ARGUMENTS:
        database["OPTIONS"][key] = value
    else:
        close = get_close_matches(key, [*ARGUMENTS, *PLACES], n=1)
        meant = f" Did you mean {close[0]}?" if close else ""
        raise ImproperlyConfigured(
            f"APP__DATABASE_URL has the argument {key!r}: allowed for postgres are "
            f"{', '.join(sorted([*ARGUMENTS, *PLACES]))}.{meant}"
        )


def _hosts_and_ports(text: str) -> tuple[str, str]:
    """Return the hosts and ports as libpq wants them: two lists with commas."""
    hosts, ports = [], []
    for part in text.split(","):
        host, port = _host_and_port(part)
        hosts.append(host)
        ports.append(port)
    if len(hosts) > 1:
        ports = [port or "5432" for port in ports]
    return ",".join(hosts), ",".join(ports)


def _host_and_port(text: str) -> tuple[str, str]:
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, ""
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise _unescaped("a port that is no number from 1 to 65535")
    return unquote(host).removeprefix("[").removesuffix("]"), port


def _unescaped(seen: str) -> ImproperlyConfigured:
    """Return what to raise; the value is left out, it may be half a password."""
    return ImproperlyConfigured(
        f"APP__DATABASE_URL has {seen}: allowed is postgres://user:password@host:5432"
        "/name, where ':', '/', '?' and '@' inside of a part are written %3A, %2F, "
        "%3F and %40."
    )
