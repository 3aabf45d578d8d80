"""pg_restore into a new database, which takes its name when it is proven."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.disk import spool, workspace
from dbops.engines.base import Contents, Source
from dbops.engines.options import Options
from dbops.engines.postgresql.clients import find_pg_restore
from dbops.engines.postgresql.connect import (
    client_program,
    first_line,
    maintenance_session,
    quoted,
    server_version,
    session,
)
from dbops.engines.postgresql.contents import read_contents
from dbops.errors import RestoreRefusedError, TargetExistsError
from dbops.process import Program, run

logger = logging.getLogger(__name__)

NAME_BYTES = 63
NAME = re.compile(r"\w(?:[\w. -]*[\w.-])?")
DRAFT_SUFFIX = "_restoring"
DRAFT_COMMENT = "stateset: a restore in progress, or one that was killed"
PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
PROVIDER_LOCALES = {"i": "ICU_LOCALE", "b": "BUILTIN_LOCALE"}


def new_target(connection: BaseDatabaseWrapper, into: str) -> str:
    """Return the name of a database to create; refuse one that is there."""
    longest = NAME_BYTES - len(DRAFT_SUFFIX)
    if not NAME.fullmatch(into) or len(into.encode()) > longest:
        # It is not repeated: it may be a URL with a password.
        raise RestoreRefusedError(
            "What --into says cannot be the name of a new database.",
            why=f"a name has 1 to {longest} bytes: letters, digits, '_', '-', '.',"
            " spaces inside",
            fix="give such a name, as in --into stateset_copy; it is created on the"
            " server of the live database",
        )
    with (
        maintenance_session(connection, name="restore") as own,
        own.cursor() as cursor,
    ):
        if _exists(cursor, into):
            raise _taken(into)
    return into


def restore(
    connection: BaseDatabaseWrapper,
    options: Options,
    source: Source,
    into: str,
    *,
    like: Contents,
    check: Callable[[Contents], None],
) -> None:
    """Make the database ``into`` from a dump.

    The dump is spooled first: its last byte is proven before anything is created,
    and parallel jobs need a file they can seek in. Cost: its size in TMPDIR.
    """
    with workspace() as folder:
        archive = folder / "dump"
        spool(source.chunks, archive, size_bytes=source.size_bytes)
        with maintenance_session(connection, name="restore") as own:
            client = find_pg_restore(
                like.client_version, server_version(own), options.client_folders
            )
            draft = into + DRAFT_SUFFIX
            with _draft_database(own, draft, like):
                finished = run(
                    restore_program(own, client.path, options, draft, archive)
                )
                for line in finished.warnings:
                    logger.warning("%s", line)
                with session(connection, database=draft, name="restore") as restored:
                    with restored.cursor() as cursor:
                        cursor.execute("ANALYZE")
                    check(read_contents(restored))
                _rename(own, draft, into)


def restore_program(
    connection: BaseDatabaseWrapper,
    pg_restore: Path,
    options: Options,
    database: str,
    archive: Path,
) -> Program:
    """Return the command line; the objects belong to the role that restores.

    A copy must not begin to draw data from the source's publisher, so
    subscriptions stay out.
    """
    return client_program(
        connection,
        str(pg_restore),
        [
            "--exit-on-error",
            "--no-owner",
            "--no-subscriptions",
            f"--jobs={options.restore_jobs}",
            str(archive),
        ],
        database=database,
    )


@contextmanager
def _draft_database(
    connection: BaseDatabaseWrapper, draft: str, like: Contents
) -> Iterator[None]:
    with connection.cursor() as cursor:
        _drop_abandoned(cursor, draft)
        _create(cursor, draft, like)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"COMMENT ON DATABASE {quoted(draft)} IS '{DRAFT_COMMENT}'")
        yield
    except BaseException:
        # The session may be what broke.
        with maintenance_session(connection, name="restore") as own:
            own.cursor().execute(_drop(draft))
        raise


def _create(cursor: CursorWrapper, draft: str, like: Contents) -> None:
    known = like.properties
    clauses = {
        "ENCODING": known.get("encoding"),
        "LC_COLLATE": known.get("collate"),
        "LC_CTYPE": known.get("ctype"),
    }
    # Without it the provider would be template0's, since 15.
    provider = known.get("locale_provider", "")
    clauses["LOCALE_PROVIDER"] = PROVIDERS.get(provider)
    if provider in PROVIDER_LOCALES:
        clauses[PROVIDER_LOCALES[provider]] = known.get("locale")
    wanted = {clause: value for clause, value in clauses.items() if value}
    template = "CREATE DATABASE %I TEMPLATE template0" + "".join(
        f" {clause} %L" for clause in wanted
    )
    # CREATE DATABASE takes no parameters: the server itself quotes them.
    places = ", ".join(["%s"] * (len(wanted) + 2))
    cursor.execute(f"SELECT format({places})", [template, draft, *wanted.values()])
    try:
        cursor.execute(cursor.fetchone()[0])
    except DatabaseError as error:
        raise RestoreRefusedError(
            f"The database {draft!r} was not created.",
            why=first_line(error),
            fix="mend what the server names; a role that may not create databases"
            " needs ALTER ROLE … CREATEDB",
        ) from error


def _rename(connection: BaseDatabaseWrapper, draft: str, into: str) -> None:
    with connection.cursor() as cursor:
        if _exists(cursor, into):
            raise _taken(into)
        cursor.execute(f"COMMENT ON DATABASE {quoted(draft)} IS NULL")
        cursor.execute(f"ALTER DATABASE {quoted(draft)} RENAME TO {quoted(into)}")


def _drop(draft: str) -> str:
    return f"DROP DATABASE IF EXISTS {quoted(draft)} WITH (FORCE)"


def _drop_abandoned(cursor: CursorWrapper, draft: str) -> None:
    """Remove what a killed restore left; the lease says that none is running."""
    if not _exists(cursor, draft):
        return
    cursor.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database"
        " WHERE datname = %s",
        [draft],
    )
    if cursor.fetchone()[0] != DRAFT_COMMENT:
        raise _taken(draft)
    cursor.execute(_drop(draft))


def _exists(cursor: CursorWrapper, name: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", [name])
    return cursor.fetchone() is not None


def _taken(name: str) -> TargetExistsError:
    return TargetExistsError(
        f"The database {name!r} was not created.",
        why="a database of this name is there already",
        fix="choose another name for --into, or drop that database first",
    )
