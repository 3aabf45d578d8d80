"""What a dump lacks: roles, the database's own settings, the server's."""

from __future__ import annotations

from functools import partial

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.options import Options
from dbops.engines.postgresql.activity.silence import why_silent
from dbops.engines.postgresql.clients import find_pg_dump
from dbops.engines.postgresql.connect import client_program, server_version, session
from dbops.process import run

# pg_settings, every version. What was set for this session only is no setting.
SETTINGS = """
    SELECT name, setting, coalesce(unit, ''), source
    FROM pg_catalog.pg_settings
    WHERE source NOT IN ('default', 'override', 'client', 'session')
    ORDER BY name
"""
MAY_HOLD_SECRETS = {
    *("primary_conninfo", "ssl_passphrase_command", "archive_command"),
    *("restore_command", "archive_cleanup_command", "recovery_end_command"),
}
HEADING = "-- {}\n\n"
ROLES = "Roles, without passwords: give each a new one"
DATABASE = "The database and what is set for it"
SERVER = "What is set for the server, for reading"


def surroundings(connection: BaseDatabaseWrapper, options: Options) -> str:
    """Return the roles, the properties of the database, and the server's settings.

    A role that may not read passwords is enough, since none are asked for.
    """
    with session(connection, name="backup") as own:
        version = server_version(own)
        database = own.connection.info.dbname
        parts = {
            ROLES: _said(
                own,
                options,
                "pg_dumpall",
                version,
                "--globals-only",
                "--no-role-passwords",
                # The one it comes in by; without it, it must be let into postgres.
                f"--database={database}",
            ),
            # No schema, no table: what is left is the database itself.
            DATABASE: _said(
                own,
                options,
                "pg_dump",
                version,
                "--create",
                "--schema-only",
                "--exclude-schema=*",
            ),
            SERVER: _server_settings(own),
        }
    return "\n".join(HEADING.format(heading) + text for heading, text in parts.items())


def _said(
    own: BaseDatabaseWrapper,
    options: Options,
    program: str,
    version: str,
    *flags: str,
) -> str:
    client = find_pg_dump(version, options.client_folders, program)
    finished = run(
        client_program(
            own, str(client.path), flags, database=own.connection.info.dbname
        ),
        silence_seconds=options.silence_seconds,
        explain=partial(why_silent, own, program),
    )
    return finished.output


def _server_settings(own: BaseDatabaseWrapper) -> str:
    with own.cursor() as cursor:
        cursor.execute(SETTINGS)
        rows = cursor.fetchall()
    return "".join(
        f"-- {name} = {_shown(name, setting)}{unit} ({source})\n"
        for name, setting, unit, source in rows
    )


def _shown(name: str, setting: str) -> str:
    if name in MAY_HOLD_SECRETS:
        return "(left out: it may hold a secret) "
    # Every line is a comment, also of a setting of several lines.
    return setting.replace("\n", " ").replace("\r", " ")
