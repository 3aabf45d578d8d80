"""Trigram indexes on customers' names, so that part of a name is found by index.

They need the extension ``pg_trgm``, which PostgreSQL lets anybody make who may create
in the database, where it is installed at all. Made after every migrate where they are
missing; without them, and on SQLite, searching by name reads all customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from orders.models import Customer

COLUMNS = ("first_name", "last_name", "company")
# As Django writes icontains: UPPER(column::text) LIKE UPPER('%…%').
INDEX = (
    "CREATE INDEX IF NOT EXISTS {name} ON {table}"
    " USING gin (upper({column}::text) gin_trgm_ops)"
)
LACKING = {
    "postgresql": """
        SELECT name FROM unnest(%s::text[]) AS name
        WHERE to_regclass(quote_ident(name)) IS NULL
    """
}
"""By engine: which of some indexes are not there. SQLite has none to look for."""


def on_post_migrate(using: str, **_: Any) -> None:
    """Make what is missing, where the server and the role allow it."""
    connection = connections[using]
    if lacking(connection):
        make_indexes(connection)


def make_indexes(connection: BaseDatabaseWrapper) -> None:
    """Make the extension and the indexes; a check tells where it can't be made."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return
    with connection.cursor() as cursor:
        for name, column in _indexes():
            cursor.execute(
                INDEX.format(
                    name=name,
                    table=connection.ops.quote_name(Customer._meta.db_table),
                    column=connection.ops.quote_name(column),
                )
            )


def lacking(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the indexes that are not there."""
    question = LACKING.get(connection.vendor)
    if question is None:
        return []
    with connection.cursor() as cursor:
        if Customer._meta.db_table not in connection.introspection.table_names(cursor):
            return []
        cursor.execute(question, [[name for name, _ in _indexes()]])
        return [name for (name,) in cursor.fetchall()]


def check_name_search(
    app_configs: object, databases: Sequence[str] | None = None, **_: Any
) -> Sequence[checks.CheckMessage]:
    """Find a server on which a name is searched by reading all customers."""
    return [
        checks.Warning(
            f"Database {alias!r} searches customers by name without an index.",
            hint=(
                "Have a DBA run `CREATE EXTENSION pg_trgm` in it, then run"
                " `python manage.py migrate`."
            ),
            id="orders.W001",
        )
        for alias in databases or ()
        if _is_lacking(alias)
    ]


def _is_lacking(alias: str) -> bool:
    try:
        return bool(lacking(connections[alias]))
    except DatabaseError:
        # A server that is down is another check's to tell.
        return False


def _indexes() -> Iterator[tuple[str, str]]:
    for column in COLUMNS:
        yield f"idx_customers_{column}_part", column
