"""Sessions of our own, and what PostgreSQL's programs need to make theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg.conninfo
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.client import DatabaseClient
from psycopg.sql import Identifier, Literal

from dbops.errors import DatabaseUnavailableError
from dbops.process import Program

MAINTENANCE_DATABASE = "postgres"
# What an operator sets for pages must not end a backup half way. Without
# row_security a policy would silently leave rows out; so it is an error instead.
UNLIMITED = """
    SET statement_timeout = 0;
    SET lock_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
    SET row_security = off
"""
# Connection options that Django's client does not pass on; libpq, table 34.1.
LIBPQ_VARIABLES = {
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "gssencmode": "PGGSSENCMODE",
    "require_auth": "PGREQUIREAUTH",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION",
}
# How a server that has vanished is noticed; no variable takes these.
KEEPALIVE = (
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    "tcp_user_timeout",
)


@contextmanager
def session(
    connection: BaseDatabaseWrapper,
    *,
    database: str = "",
    name: str = "dbops",
    start: str = UNLIMITED,
    options: Mapping[str, Any] | None = None,
) -> Iterator[BaseDatabaseWrapper]:
    """Open a connection of our own, without pool or time limits, in autocommit.

    ``name`` is what pg_stat_activity shows, ``start`` what is run first, ``options``
    change how it is opened. Raises DatabaseUnavailableError when the server does
    not let us in.
    """
    own = connection.copy()
    own.settings_dict["OPTIONS"] = {
        **own.settings_dict["OPTIONS"],
        "application_name": f"stateset {name}",
        **(options or {}),
    }
    own.settings_dict["OPTIONS"].pop("pool", None)
    if database:
        own.settings_dict["NAME"] = database
    # Rows are counted in a thread beside the dump.
    own.inc_thread_sharing()
    try:
        _connect(own, start)
        yield own
    except OperationalError as error:
        raise DatabaseUnavailableError(
            f"The database {own.settings_dict['NAME']!r} stopped answering.",
            why=first_line(error),
            fix="look into the server's log, then try again",
        ) from error
    finally:
        own.close()


@contextmanager
def maintenance_session(
    connection: BaseDatabaseWrapper, *, name: str
) -> Iterator[BaseDatabaseWrapper]:
    """Open a session outside the database, so that this one can be made or swapped.

    Where the role may not enter ``postgres``, the database itself has to do.
    """
    entered = False
    try:
        with session(connection, database=MAINTENANCE_DATABASE, name=name) as own:
            entered = True
            yield own
    except DatabaseUnavailableError:
        if entered:
            raise
        with session(connection, name=name) as own:
            yield own


def client_program(
    connection: BaseDatabaseWrapper,
    program: str,
    parameters: Sequence[str],
    *,
    database: str,
) -> Program:
    """Return the command line that enters ``database`` as ``connection`` does.

    ``connection`` is open: the program goes to the very server that answered, since
    a URL may name several. The password is in the environment only.
    """
    info = _server(connection)
    settings = {
        **connection.settings_dict,
        "HOST": info["host"],
        "PORT": info["port"],
        "USER": info["user"],
        "NAME": database,
    }
    args, env = DatabaseClient.settings_to_cmd_args_env(settings, [])
    options = connection.settings_dict["OPTIONS"]
    variables = {
        variable: str(options[option])
        for option, variable in LIBPQ_VARIABLES.items()
        if option in options
    }
    if info["hostaddr"]:
        variables["PGHOSTADDR"] = info["hostaddr"]
    # A database at the end of the line is a file to pg_restore, hence --dbname; it
    # takes a whole connection string, so the name is told as the name in one.
    lasting = {option: options[option] for option in KEEPALIVE if option in options}
    name = psycopg.conninfo.make_conninfo(dbname=database, **lasting)
    return Program(
        [program, *args[1:-1], "--no-password", f"--dbname={name}", *parameters],
        {**(env or {}), **variables},
    )


def quoted(name: str) -> str:
    """Return a name as SQL takes it; Django's own quoting trusts what is inside."""
    return Identifier(name).as_string()


def quoted_text(value: str) -> str:
    """Return a text as SQL takes it, to be shown to a DBA."""
    return Literal(value).as_string()


def server_version(connection: BaseDatabaseWrapper) -> str:
    """Return the server's version as it words it: ``15.18 (Debian 15.18-0)``."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _server(connection: BaseDatabaseWrapper) -> dict[str, str]:
    info: Any = connection.connection.info
    return {
        "host": info.host,
        "hostaddr": info.hostaddr,
        "port": str(info.port),
        "user": info.user,
    }


def _connect(own: BaseDatabaseWrapper, start: str) -> None:
    try:
        own.ensure_connection()
        if start:
            with own.cursor() as cursor:
                cursor.execute(start)
    except OperationalError as error:
        raise DatabaseUnavailableError(
            f"The database {own.settings_dict['NAME']!r} was not opened.",
            why=first_line(error),
            fix="see that the server runs and lets this user in (APP__DATABASE_URL,"
            " of a drill APP__DRILL_DATABASE_URL)",
        ) from error


def first_line(error: Exception) -> str:
    """Return what the server says, without its hints and the statement."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
