"""Where a dump comes from and what it stands on: server, extensions, roles."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

# pg_sequences: since 10; NULL for one that was never used or may not be read.
SEQUENCES = """
    SELECT CASE schemaname WHEN 'public' THEN sequencename
           ELSE schemaname || '.' || sequencename END, last_value
    FROM pg_catalog.pg_sequences ORDER BY 1
"""
EXTENSIONS = """
    SELECT extname, extversion FROM pg_catalog.pg_extension ORDER BY extname
"""
# Owners of what is ours, and whoever has been given rights on it; 0 is PUBLIC.
ROLES = """
    WITH ours AS (
        SELECT c.relowner AS owner, c.relacl AS rights
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
          AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
        UNION ALL
        SELECT nspowner, nspacl FROM pg_catalog.pg_namespace
        WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
    )
    SELECT DISTINCT pg_catalog.pg_get_userbyid(role) FROM (
        SELECT owner AS role FROM ours
        UNION
        SELECT given.grantee
        FROM ours, LATERAL pg_catalog.aclexplode(rights) AS given
        WHERE given.grantee <> 0
    ) AS named
    ORDER BY 1
"""
MAY_CALL = "SELECT has_function_privilege(%s, 'EXECUTE')"
# Each is asked only where the role may: a refusal would end the transaction.
POSITIONS = {
    "system_identifier": (
        "pg_catalog.pg_control_system()",
        "SELECT system_identifier FROM pg_catalog.pg_control_system()",
    ),
    "timeline": (
        "pg_catalog.pg_control_checkpoint()",
        "SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()",
    ),
    "lsn": (
        "pg_catalog.pg_current_wal_lsn()",
        """
        SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
            THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn() END
        """,
    ),
}


def read_sequences(cursor: CursorWrapper) -> dict[str, int | None]:
    """Return the last number of each sequence."""
    cursor.execute(SEQUENCES)
    return dict(cursor.fetchall())


def read_extensions(cursor: CursorWrapper) -> dict[str, str]:
    """Return the version of each extension."""
    cursor.execute(EXTENSIONS)
    return dict(cursor.fetchall())


def read_roles(cursor: CursorWrapper) -> tuple[str, ...]:
    """Return who owns something or has rights."""
    cursor.execute(ROLES)
    return tuple(name for (name,) in cursor.fetchall())


def read_position(cursor: CursorWrapper) -> dict[str, str]:
    """Return which server it is and where in its log, as far as the role may ask."""
    position = {}
    for name, (function, query) in POSITIONS.items():
        cursor.execute(MAY_CALL, [function])
        if cursor.fetchone()[0]:
            cursor.execute(query)
            position[name] = str(cursor.fetchone()[0])
    return position
