"""What goes on in a database: sessions, locks, statements, settings."""

from __future__ import annotations

from dbops.engines.verbs.base import Verbs


class ActivityVerbs(Verbs):
    """The verbs of what a server is doing."""
