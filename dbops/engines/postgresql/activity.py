"""What goes on in a database: sessions, locks, statements, settings."""

from __future__ import annotations

from dbops.engines.verbs.activity import ActivityVerbs


class PostgresqlActivity(ActivityVerbs):
    """The verbs of what a server is doing."""
