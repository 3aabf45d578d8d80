"""Put a restored database in the place of the live one."""

from __future__ import annotations

from dbops.engines.verbs.swap import SwapVerbs


class SqliteSwap(SwapVerbs):
    """The verbs of putting a restored database in the place of the live one."""
