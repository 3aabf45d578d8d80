"""What a database holds that is in no table."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.connect import session

# Their list is for everybody to read, what they hold is not.
COUNT = "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata"


def outside_tables(connection: BaseDatabaseWrapper, draft: str) -> list[str]:
    """Return in words what of a draft no table has: its large objects."""
    with (
        session(connection, database=draft, name="restore") as own,
        own.cursor() as cursor,
    ):
        cursor.execute(COUNT)
        (count,) = cursor.fetchone()
    return [f"{count} large object{'s' * (count != 1)}"] if count else []
