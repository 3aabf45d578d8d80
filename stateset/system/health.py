"""Whether this process lives, and whether it can serve pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stateset.lib.databases import ask_database

UP = "up"
DOWN = "down"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Readiness:
    """What a load balancer may know: words and counts, no reasons."""

    database: str
    migrations: str
    unapplied: int | None

    @property
    def is_ready(self) -> bool:
        return self.database == UP and self.migrations == UP

    def as_dict(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {
            "status": UP if self.is_ready else DOWN,
            "components": {
                "database": {"status": self.database},
                "migrations": {"status": self.migrations, "unapplied": self.unapplied},
            },
        }


def read_readiness(*, limit_seconds: float) -> Readiness:
    """Ask the database and return within the limit, even when it hangs."""
    answer = ask_database(limit_seconds=limit_seconds)
    if not answer.reachable:
        return Readiness(database=DOWN, migrations=UNKNOWN, unapplied=None)
    return Readiness(
        database=UP,
        migrations=DOWN if answer.unapplied else UP,
        unapplied=len(answer.unapplied),
    )
