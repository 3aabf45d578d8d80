"""Know again what is known from the storage alone: after a disaster, or an outage."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from dbops.backups.storage import Places, StoredObject, backup_places, backup_storage
from dbops.recovery.records import NAME, replay_records


@dataclass(frozen=True)
class Rebuilt:
    """How much of the journal came to the locations and to the audit of the database.

    ``untold``: why the audit was told nothing.
    """

    copied: int
    replayed: int
    untold: str


def rebuild(alias: str = DEFAULT_DB_ALIAS) -> Rebuilt:
    """Give each location the journal of the others, and the audit what it lacks.

    The list of backups needs no rebuilding: it is read from the storage each time.
    """
    copied = _level()
    try:
        return Rebuilt(copied, replay_records(backup_storage(), alias), "")
    except Exception as error:  # noqa: BLE001 -- there may be no database yet
        why = next(iter(str(error).splitlines()), type(error).__name__)
        return Rebuilt(copied, 0, why)


def _level() -> int:
    """Copy records to where they are missing, and return how many."""
    places = Places(backup_places())
    found = places.each(lambda place: (place, _records(place.objects())))
    everything = Places([place for place, _ in found])
    copied = 0
    for name in sorted({name for _, names in found for name in names}):
        lacking = [place for place, names in found if name not in names]
        if lacking:
            with everything.open(name) as file:
                content = file.read()
            Places(lacking).put(name, content)
            copied += 1
    return copied


def _records(objects: list[StoredObject]) -> set[str]:
    return {each.name for each in objects if NAME.fullmatch(each.name)}
