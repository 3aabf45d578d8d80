"""What a command came to that nobody watched, as one that cron starts."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS

from dbops.telling.flow import tell
from dbops.telling.troubles import Trouble
from stateset.lib.errors import StatesetError

WATCHED = frozenset(
    {
        *("backup", "verify_backup", "recovery_drill", "prune_backups", "restore"),
        *(
            "list_backups",
            "purge_records",
            "vacuum",
            "expire_records",
            "check_integrity",
        ),
    }
)
"""The commands that somebody puts into a crontab; ``db_health`` tells by itself."""


def on_command_ended(
    *,
    name: str,
    called: str,
    database: str,
    error: StatesetError | None,
    is_watched_by_a_person: bool,
    **_: Any,
) -> None:
    """Tell that it failed, and that it went well again.

    A person who watches sees that, and says nothing of the next run by cron: that has
    an environment of its own, which may be what is wrong.
    """
    if name not in WATCHED or is_watched_by_a_person:
        return
    if database != DEFAULT_DB_ALIAS:
        called = f"{called} of {database}"
    key = f"command:{called}"
    if error is None:
        tell(well=[key])
    else:
        title = f"{called} failed"
        tell(bad=[Trouble(key, called, title, error.what, error.why, error.fix)])
