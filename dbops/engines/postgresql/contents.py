"""What a PostgreSQL database holds, as one snapshot sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from os import dup
from socket import SHUT_RDWR, socket

import psycopg
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg.pq import TransactionStatus

from dbops.engines.base import Contents
from dbops.engines.postgresql.connect import first_line, quoted, session
from dbops.engines.postgresql.origin import (
    read_extensions,
    read_position,
    read_roles,
    read_sequences,
)
from dbops.errors import (
    ContentsUnreadableError,
    DatabaseUnavailableError,
    ProgramFailedError,
)

CAUSE_SECONDS = 0.5
CANCEL_SECONDS = 5.0
ENDED = {"FATAL", "PANIC"}
MIGRATIONS_TABLE = "django_migrations"
# Tables whose rows pg_dump copies: no views, no partitioned parents, nothing that
# belongs to an extension. pg_class, pg_depend: since 14 unchanged.
TABLES = """
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::regclass
          AND d.objid = c.oid AND d.deptype = 'e'
      )
    ORDER BY n.nspname, c.relname
"""
# The second one waits for whoever has locked a table.
NAMES = f"SELECT n.nspname, c.relname {TABLES}"
ROW_BYTES = f"SELECT n.nspname, c.relname, pg_table_size(c.oid) {TABLES}"
SIZES = f"SELECT n.nspname, c.relname, pg_total_relation_size(c.oid) {TABLES}"
# A whole row of pg_database as JSON: its columns differ between 14, 15 and 17.
DATABASE = """
    SELECT to_jsonb(d)::text, pg_encoding_to_char(d.encoding),
           pg_database_size(d.oid), current_setting('server_version')
    FROM pg_catalog.pg_database d
    WHERE d.datname = current_database()
"""


def read_contents(
    connection: BaseDatabaseWrapper, *, left_out: Sequence[str] = ()
) -> Contents:
    """Count every row and read the migrations; cost: one scan of each table.

    The rows of the tables that are ``left_out`` are not looked at.
    """
    with connection.cursor() as cursor:
        with _let_go(connection, cursor):
            cursor.execute(DATABASE)
            row, encoding, size_bytes, server_version = cursor.fetchone()
        database = json.loads(row)
        sizes = _read_sizes(cursor)
        tables = {
            name: 0 if name in left_out else _count_rows(cursor, place)
            for name, (place, _) in sizes.items()
        }
        return Contents(
            database=database["datname"],
            size_bytes=size_bytes,
            server_version=server_version,
            client_version="",
            tables=tables,
            migrations=_read_migrations(cursor, tables),
            properties=_properties(database, encoding),
            left_out=tuple(name for name in tables if name in left_out),
            sizes={name: size for name, (_, size) in sizes.items()},
            sequences=read_sequences(cursor),
            extensions=read_extensions(cursor),
            roles=read_roles(cursor),
            position=read_position(cursor),
        )


def row_bytes(connection: BaseDatabaseWrapper, *, left_out: Sequence[str]) -> int:
    """Return how many bytes the rows have on the server, without their indexes."""
    with connection.cursor() as cursor:
        cursor.execute(ROW_BYTES)
        return sum(
            size or 0
            for schema, table, size in cursor.fetchall()
            if schema != "public" or table not in left_out
        )


def read_properties(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return what a new database needs to be like this one; nothing if it is lost."""
    try:
        with session(connection, name="restore") as own, own.cursor() as cursor:
            cursor.execute(DATABASE)
            row, encoding, *_ = cursor.fetchone()
            return _properties(json.loads(row), encoding)
    except DatabaseUnavailableError:
        return {}


@contextmanager
def contents_beside(
    connection: BaseDatabaseWrapper, *, left_out: Sequence[str] = ()
) -> Iterator[Future[Contents]]:
    """Read the contents in a thread while the block runs.

    Whatever the block raises cancels the query, so nothing outlives it. Raises
    ContentsUnreadableError when the rows cannot be read, OperationalError when the
    server has gone; pg_dump then fails as well, since its snapshot is gone, but that
    is not the cause.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(read_contents, connection, left_out=left_out)
        try:
            yield future
        except ProgramFailedError:
            wait([future], CAUSE_SECONDS)
            if future.done():
                _require_read(future)
            _give_up(connection, future)
            raise
        except BaseException:
            _give_up(connection, future)
            raise
        _require_read(future)


def _give_up(connection: BaseDatabaseWrapper, future: Future[Contents]) -> None:
    """End the count, also where nothing comes from the server any more."""
    with suppress(psycopg.Error):
        connection.connection.cancel_safe(timeout=CANCEL_SECONDS)
    wait([future], CANCEL_SECONDS)
    if not future.done():
        # A line that is closed already must not hide the cause.
        with (
            suppress(psycopg.Error, OSError),
            socket(fileno=dup(connection.connection.fileno())) as line,
        ):
            line.shutdown(SHUT_RDWR)


def _require_read(future: Future[Contents]) -> None:
    try:
        future.result()
    except DatabaseError as error:
        if _has_gone(error):
            # What the session makes of it names the server.
            raise
        raise unreadable(error) from error


def _has_gone(error: DatabaseError) -> bool:
    """Tell whether the server ended the session, or does not answer any more."""
    cause = error.__cause__
    return isinstance(cause, psycopg.OperationalError) and (
        cause.sqlstate is None or cause.diag.severity_nonlocalized in ENDED
    )


def unreadable(error: DatabaseError) -> ContentsUnreadableError:
    """Return the error for rows that this role may not read."""
    return ContentsUnreadableError(
        "The rows to back up cannot all be read.",
        why=first_line(error),
        fix="let this role read every table and every row, or use another role",
    )


def read_places(cursor: CursorWrapper) -> list[str]:
    """Return the quoted name of each table whose rows are dumped; waits for nobody."""
    cursor.execute(NAMES)
    return [place_of(schema, table) for schema, table in cursor.fetchall()]


@contextmanager
def _let_go(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> Iterator[None]:
    """Keep no lock of what the block reads until the end of an open transaction.

    Whoever waits for pg_database to himself (VACUUM FULL of a superuser) would wait
    for us, we for pg_dump, and pg_dump behind him: nobody would ever end.
    """
    status = connection.connection.info.transaction_status
    if status != TransactionStatus.INTRANS:
        yield
        return
    cursor.execute("SAVEPOINT reading")
    yield
    cursor.execute("ROLLBACK TO SAVEPOINT reading; RELEASE SAVEPOINT reading")


def _read_sizes(cursor: CursorWrapper) -> dict[str, tuple[str, int]]:
    """Return the quoted place and the bytes of each table, by its name."""
    cursor.execute(SIZES)
    return {
        table if schema == "public" else f"{schema}.{table}": (
            place_of(schema, table),
            size,
        )
        for schema, table, size in cursor.fetchall()
    }


def place_of(schema: str, table: str) -> str:
    """Return the name of a table as SQL takes it."""
    return f"{quoted(schema)}.{quoted(table)}"


def _count_rows(cursor: CursorWrapper, place: str) -> int:
    # ONLY: a child table of an old-style inheritance is counted by itself.
    cursor.execute(f"SELECT COUNT(*) FROM ONLY {place}")  # noqa: S608 -- names are quoted
    return int(cursor.fetchone()[0])


def _read_migrations(
    cursor: CursorWrapper, tables: dict[str, int]
) -> tuple[tuple[str, str], ...]:
    if MIGRATIONS_TABLE not in tables:
        return ()
    cursor.execute("SELECT app, name FROM public.django_migrations ORDER BY id")
    return tuple((app, name) for app, name in cursor.fetchall())


def _properties(database: dict[str, str | None], encoding: str) -> dict[str, str]:
    values = {
        "encoding": encoding,
        "collate": database["datcollate"],
        "ctype": database["datctype"],
        "locale_provider": database.get("datlocprovider"),
        # Its name until 16, and since 17.
        "locale": database.get("daticulocale") or database.get("datlocale"),
    }
    return {name: value for name, value in values.items() if value}
