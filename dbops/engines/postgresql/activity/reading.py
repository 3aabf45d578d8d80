"""Ask a server about itself without standing in anybody's way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.connect import session

CONNECT_SECONDS = 3
STATEMENT_SECONDS = 5
# LOCAL: behind a pooler, what is set for longer would reach other clients. Each
# question has a transaction of its own, since statistics stand still inside one.
GUARD = """
    BEGIN TRANSACTION READ ONLY;
    SET LOCAL statement_timeout = '{seconds}s';
    SET LOCAL lock_timeout = '500ms';
    SET LOCAL idle_in_transaction_session_timeout = '60s';
    SET LOCAL search_path = pg_catalog, pg_temp
"""
# Clocks step back, and greatest() would make 0 of what is unknown.
SECONDS_SINCE = """
    CASE WHEN {moment} IS NOT NULL THEN extract(epoch FROM greatest(
        clock_timestamp() - {moment}, interval '0'))::float END
"""
ROLE = """
    SELECT current_user AS role,
           pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
               AS sees_all,
           pg_catalog.current_setting('server_version_num')::int AS version
"""


class Reader:
    """One connection, asked one question a transaction."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        known = self.row(ROLE)
        self.role: str = known["role"]
        self.sees_all: bool = known["sees_all"]
        self.version: int = known["version"]

    @property
    def remedy(self) -> str:
        """What a DBA does so that this role sees everything, if it does not."""
        return "" if self.sees_all else f"GRANT pg_monitor TO {self.role}"

    def rows(
        self,
        query: str,
        parameters: Sequence[Any] = (),
        *,
        seconds: int = STATEMENT_SECONDS,
    ) -> list[dict[str, Any]]:
        """Return what a question is answered, column by name.

        A name is never in a query's text but quoted: ``%`` stands for a parameter.
        """
        with self.connection.cursor() as cursor:
            cursor.execute(GUARD.format(seconds=seconds))
            try:
                cursor.execute(query, parameters)
                names = [column[0] for column in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in cursor]
            finally:
                cursor.execute("ROLLBACK")

    def row(self, query: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
        """Return the one row of an answer."""
        (found,) = self.rows(query, parameters)
        return found


def seconds_since(moment: str) -> str:
    """Return the expression for how long ago an instant was, never negative."""
    return SECONDS_SINCE.format(moment=moment)


@contextmanager
def monitor(connection: BaseDatabaseWrapper) -> Iterator[Reader]:
    """Open a connection that sets nothing beyond a transaction, and gives up soon."""
    with session(
        connection,
        name="monitor",
        start="",
        options={"connect_timeout": CONNECT_SECONDS},
    ) as own:
        yield Reader(own)
