"""All that there is to see of the backups, for the command and for the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from dbops.backups.making_up import Lack, MadeUp, find_lacks, make_up
from dbops.backups.prune import explain_at
from dbops.backups.retention import Kept
from dbops.backups.storage import BackupStorage, Places, backup_places


@dataclass(frozen=True)
class Overview:
    """The copies at each place and why each is kept, newest first at each.

    ``lacks`` are those that a place has not and would keep, ``missed`` says by place
    why it was not looked into; ``made_up`` is what was copied before.
    """

    places: Sequence[BackupStorage]
    kept: list[Kept]
    lacks: list[Lack]
    missed: Mapping[str, str]
    made_up: MadeUp | None = None

    @property
    def unread(self) -> list[str]:
        """What to say of the places that were missed."""
        return [f"{name} was not read: {why}" for name, why in self.missed.items()]


def overview(
    alias: str = DEFAULT_DB_ALIAS,
    locations: Iterable[str] = (),
    *,
    copy_missing: bool = False,
) -> Overview:
    """Look at the backups of a database at these locations, without names at all.

    With ``copy_missing`` each is first given what it lacks. What is missing is told of
    all locations only: others may be what lacks it.
    """
    names = list(locations)
    places = backup_places(names)
    made_up = make_up(alias, names) if copy_missing else None
    together = Places(places)
    kept = explain_at(together, alias)
    lacks = [] if names else find_lacks(kept, alias, together)
    missed = {name: error.why for name, error in together.missed.items()}
    return Overview(places, kept, lacks, missed, made_up)
