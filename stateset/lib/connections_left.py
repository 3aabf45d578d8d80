"""How many connections more a PostgreSQL server lets in."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

# reserved_connections exists from 16 on; what pg_stat_database adds up each role sees,
# and the server's own processes in it make it no more than it is. pg_roles,
# pg_database: -1 is no limit, and for a superuser there is none. Helpers of a query
# (leader_pid) do not count.
LEFT = """
    SELECT 'the server',
        current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int
        - (SELECT sum(numbackends) FROM pg_catalog.pg_stat_database) - %s
    UNION ALL
    SELECT 'the role ' || r.rolname, r.rolconnlimit - (
        SELECT count(*) FROM pg_catalog.pg_stat_activity a
        WHERE a.usesysid = r.oid AND a.leader_pid IS NULL)
    FROM pg_catalog.pg_roles r
    WHERE r.rolname = session_user AND r.rolconnlimit >= 0 AND NOT r.rolsuper
    UNION ALL
    SELECT 'the database ' || d.datname, d.datconnlimit - (
        SELECT count(*) FROM pg_catalog.pg_stat_activity a
        WHERE a.datid = d.oid AND a.leader_pid IS NULL)
    FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
    WHERE d.datname = current_database() AND d.datconnlimit >= 0
      AND r.rolname = session_user AND NOT r.rolsuper
    ORDER BY 2
"""


def connections_left(
    connection: BaseDatabaseWrapper, *, leave: int
) -> list[tuple[str, int]]:
    """Return whose limit leaves how many connections more, the fewest first.

    Of the server's own as many as ``leave`` stay free for those who serve customers.
    """
    with connection.cursor() as cursor:
        cursor.execute(LEFT, [leave])
        return [(whose, max(int(left), 0)) for whose, left in cursor.fetchall()]
