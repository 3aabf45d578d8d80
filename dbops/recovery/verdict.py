"""Whether a backup's migrations are those of the code, and how they get there."""

from __future__ import annotations

from collections.abc import Set

from dbops.engines.base import summarised
from dbops.errors import RestoreRefusedError
from stateset.lib.databases import unapplied_of, unknown_of


def pending_migrations(applied: Set[tuple[str, str]], source: str) -> list[str]:
    """Return the migrations that the code has and ``source`` has not.

    Raises RestoreRefusedError when it has some that the code does not know: then it
    comes from a newer release, or from another line of development.
    """
    unapplied, unknown = unapplied_of(applied), unknown_of(applied)
    if not unknown:
        return unapplied
    if unapplied:
        why, fix = "its migrations went another way than the code's", "that made it"
    else:
        why, fix = "it is newer than the code", "that made it, or a newer one"
    raise RestoreRefusedError(
        f"{source} was not restored over the live database.",
        why=f"{why}, which does not know {summarised(unknown)}",
        fix=f"install the release {fix}, or restore it --into a new database",
    )
