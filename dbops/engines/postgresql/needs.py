"""What a dump stands on, and whether this server has it, before anything is made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.connect import quoted
from dbops.errors import RestoreRefusedError
from dbops.process import Program, run

ROLES = "SELECT rolname FROM pg_catalog.pg_roles"
TABLESPACES = "SELECT spcname FROM pg_catalog.pg_tablespace"
NAME = r'("(?:[^"]|"")+"|[\w$]+)'
# As pg_dump writes them, each on a line of its own. Who owns what is not asked for.
GIVEN = re.compile(
    r"^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) .+ (?:TO|FROM) "
    rf"{NAME}(?: WITH [\w ]+)?;$",
    re.MULTILINE,
)
GIVING = re.compile(rf"^ALTER DEFAULT PRIVILEGES FOR ROLE {NAME} ", re.MULTILINE)
PLACED = re.compile(rf"^SET default_tablespace = {NAME};$", re.MULTILINE)
BODY = re.compile(r"(\$\w*\$).*?\1", re.DOTALL)
EVERYBODY = "PUBLIC"


def require_needs(
    connection: BaseDatabaseWrapper, pg_restore: Path, archive: Path
) -> None:
    """Raise RestoreRefusedError, with all that is missing, unless the dump can come in.

    pg_restore would name the first role at the very end, after hours of loading.
    Cost: the statements of the archive without its rows.
    """
    options = ("--schema-only", "--no-owner", "--file=-")
    text = run(Program([str(pg_restore), *options, str(archive)])).output
    if missing := list(_missing(connection, text)):
        raise RestoreRefusedError(
            "The backup was not restored; nothing was made.",
            why=f"it stands on what this server does not have: {'; '.join(missing)}",
            fix="make them first, as the file .surroundings.sql of a full backup has"
            " them, or else CREATE ROLE name, CREATE TABLESPACE name LOCATION 'folder'",
        )


def _missing(connection: BaseDatabaseWrapper, text: str) -> Iterator[str]:
    # What a function's body says is not done now.
    text = BODY.sub("", text)
    for kind, query, patterns in (
        ("role", ROLES, (GIVEN, GIVING)),
        ("tablespace", TABLESPACES, (PLACED,)),
    ):
        with connection.cursor() as cursor:
            cursor.execute(query)
            there = {quoted(name) for (name,) in cursor.fetchall()}
        named = {found for pattern in patterns for found in pattern.findall(text)}
        named -= {EVERYBODY, '""'}
        for name in sorted(map(_quoted, named)):
            if name not in there:
                yield f"{kind} {name}"


def _quoted(name: str) -> str:
    return name if name.startswith('"') else quoted(name)
