"""Put a restored database in the place of the live one."""

from __future__ import annotations

from dbops.engines.verbs.base import Verbs


class SwapVerbs(Verbs):
    """The verbs of putting a restored database in the place of the live one."""
