"""A database in the making, under a name of its own until it is proven."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from dbops.engines.base import Contents
from dbops.engines.postgresql.connect import first_line, maintenance_session, quoted
from dbops.errors import RestoreRefusedError, TargetExistsError

DRAFT_SUFFIX = "_restoring"
DRAFT_COMMENT = "stateset: a restore in progress, or one that was killed"
PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
PROVIDER_LOCALES = {"i": "ICU_LOCALE", "b": "BUILTIN_LOCALE"}


@contextmanager
def draft_database(
    connection: BaseDatabaseWrapper,
    target: str,
    like: Contents,
    *,
    is_closed: bool = False,
) -> Iterator[str]:
    """Make an empty database; whatever of it has no other name at the end is dropped.

    While a draft ``is_closed``, only its owner and superusers can connect to it.

    What a killed restore left is recognised by its comment and replaced; the lease
    says that none is running.
    """
    draft = target + DRAFT_SUFFIX
    with connection.cursor() as cursor:
        if exists(cursor, draft) and not drop_abandoned(cursor, draft):
            raise taken(draft)
        _create(cursor, draft, like)
    try:
        with connection.cursor() as cursor:
            if is_closed:
                cursor.execute(
                    f"REVOKE CONNECT, TEMPORARY ON DATABASE {quoted(draft)} FROM PUBLIC"
                )
            cursor.execute(f"COMMENT ON DATABASE {quoted(draft)} IS '{DRAFT_COMMENT}'")
        yield draft
    finally:
        # The session may be what broke.
        with maintenance_session(connection, name="restore") as own:
            own.cursor().execute(_drop(draft))


def name_draft(connection: BaseDatabaseWrapper, draft: str, into: str) -> None:
    """Give a proven draft its name; refuse one that is taken."""
    with connection.cursor() as cursor:
        if exists(cursor, into):
            raise taken(into)
        opened = ""
        # A copy that is put back has the rights its operator gave it.
        if is_abandoned(cursor, draft) and _is_closed(cursor, draft):
            opened = f"GRANT CONNECT, TEMPORARY ON DATABASE {quoted(draft)} TO PUBLIC;"
        # Together: without its comment nobody would know a killed one for a draft.
        cursor.execute(
            f"BEGIN; {opened} COMMENT ON DATABASE {quoted(draft)} IS NULL;"
            f" ALTER DATABASE {quoted(draft)} RENAME TO {quoted(into)}; COMMIT"
        )


def exists(cursor: CursorWrapper, name: str) -> bool:
    """Tell whether the server has a database of this name."""
    cursor.execute("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", [name])
    return cursor.fetchone() is not None


def is_abandoned(cursor: CursorWrapper, draft: str) -> bool:
    """Tell whether a draft is there that a killed restore has left, by its comment."""
    cursor.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database"
        " WHERE datname = %s",
        [draft],
    )
    return bool(cursor.fetchone() == (DRAFT_COMMENT,))


def drop_abandoned(cursor: CursorWrapper, draft: str) -> bool:
    """Drop what a killed restore has left, and tell whether there was any."""
    if not is_abandoned(cursor, draft):
        return False
    cursor.execute(_drop(draft))
    return True


def taken(name: str) -> TargetExistsError:
    """Return the error for a name that another database has."""
    return TargetExistsError(
        f"The database {name!r} was not created.",
        why="a database of this name is there already",
        fix="choose another name for --into, or drop that database first",
    )


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
    # With values bound apart (prepared statements) it has to be told their type.
    places = ", ".join(["%s::text"] * (len(wanted) + 2))
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


def _is_closed(cursor: CursorWrapper, draft: str) -> bool:
    """Tell whether a draft has rights of its own instead of the usual ones."""
    cursor.execute(
        "SELECT datacl IS NOT NULL FROM pg_catalog.pg_database WHERE datname = %s",
        [draft],
    )
    return bool(cursor.fetchone()[0])


def _drop(draft: str) -> str:
    return f"DROP DATABASE IF EXISTS {quoted(draft)} WITH (FORCE)"
