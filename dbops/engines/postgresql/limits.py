"""How many jobs are let in by the limits of server, role and database."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from stateset.lib.connections_left import connections_left

# What a restore has beside those that load: two, so that the one that counts and one
# that analyses are let in while the server still sees those that have just gone.
BESIDE = 2
LEFT_TO_OTHERS = 10
"""Connections of the server that stay free while a database is dumped or restored."""


def jobs_within(connection: BaseDatabaseWrapper, jobs: int, *, beside: int = 0) -> int:
    """Return how many of ``jobs`` are let in with ``beside`` others, 1 at least."""
    left = [
        count - beside
        for _, count in connections_left(connection, leave=LEFT_TO_OTHERS)
    ]
    return max(1, min([jobs, *left]))
