"""Upkeep: vacuum and analyze."""

from __future__ import annotations

from dbops.engines.verbs.care import CareVerbs


class PostgresqlCare(CareVerbs):
    """The verbs of upkeep."""
