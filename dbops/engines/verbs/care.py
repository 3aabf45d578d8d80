"""Upkeep: vacuum and analyze."""

from __future__ import annotations

from dbops.engines.verbs.base import Verbs


class CareVerbs(Verbs):
    """The verbs of upkeep."""
