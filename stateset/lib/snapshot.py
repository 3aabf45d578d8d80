"""Read one moment of the database, however long that takes and whoever writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

# For this transaction only: tables of millions of rows are added up in memory, no time
# goes into compiling what runs once, and what a role's limits end in a request is not
# ended here, nor one taken for forgotten that waits for those that read beside it.
FOR_A_PROOF = (
    "SET LOCAL work_mem = '128MB'",
    "SET LOCAL jit = off",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)


@contextmanager
def one_moment(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Have every query of the block see the same state; nothing is written in it.

    Inside a transaction of the caller it is that transaction which counts.
    """
    connection = connections[using]
    if connection.in_atomic_block:
        yield
        return
    with TRANSACTIONS[connection.vendor](using):
        yield


@contextmanager
def the_moment_of(snapshot: str, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Have every query of the block see what the session sees that named a snapshot.

    PostgreSQL only, and as long as that session's block lasts.
    """
    connection = connections[using]
    on_postgresql: Any = connection.ops
    with _on_postgresql(using), connection.cursor() as cursor:
        take_over = "SET TRANSACTION SNAPSHOT %s"
        # Not a statement that takes values.
        cursor.execute(on_postgresql.compose_sql(take_over, [snapshot]))
        yield


@contextmanager
def _on_postgresql(using: str) -> Iterator[None]:
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for setting in FOR_A_PROOF:
            cursor.execute(setting)
        yield


@contextmanager
def _on_sqlite(using: str) -> Iterator[None]:
    with connections[using].cursor() as cursor:
        # Not Django's own BEGIN IMMEDIATE, which would keep writers out.
        cursor.execute("BEGIN")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


TRANSACTIONS = {"postgresql": _on_postgresql, "sqlite": _on_sqlite}
