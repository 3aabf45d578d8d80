"""Which tables are people's, and what each is called."""

from __future__ import annotations

# In every schema but the server's; those of temporary tables begin with pg_ too.
OURS = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"


def shown(relation: str) -> str:
    """Return the SQL of a relation's name as SQL takes it; ``n`` is its schema."""
    return (
        "CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END"
        f" || quote_ident({relation}.relname)"
    )


# What TableName is made of; ``c`` is the table.
NAME = (
    "CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname::text END, c.relname::text, "
    + shown("c")
)
NAME_COLUMNS = 3
# Held or awaited: whoever comes now waits behind it, so functions that open a table
# are not called for these.
LOCKED = """
    SELECT k.relation FROM pg_locks k
    JOIN pg_database d ON d.oid = k.database
    WHERE k.mode = 'AccessExclusiveLock' AND k.locktype = 'relation'
      AND d.datname = current_database()
"""
