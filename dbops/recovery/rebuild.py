"""Know again what is known from the storage alone: after a disaster, or an outage."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from dbops.backups.erasures import ERASURE, renew_erasures
from dbops.backups.holds import PIN
from dbops.backups.storage import BackupStorage, Places, backup_places, backup_storage
from dbops.backups.storage.versions import newest_version
from dbops.errors import StorageError
from dbops.recovery.drill_reports import NAME as DRILL
from dbops.recovery.records import NAME as JOURNAL
from dbops.recovery.records import replay_records

KEPT_EVERYWHERE = (JOURNAL, PIN, DRILL, ERASURE)
"""What every location is to have, beside the backups."""


@dataclass(frozen=True)
class Rebuilt:
    """How much came to the locations, and of the journal to the audit of the database.

    ``copied``: records of the journal, pins, erasures and reports of drills that a
    location had not, or in an older version. ``untold``: why the audit was told
    nothing.
    """

    copied: int
    replayed: int
    untold: str


def rebuild(alias: str = DEFAULT_DB_ALIAS) -> Rebuilt:
    """Give each location the journal, pins, erasures and drill reports of the others.

    Then the audit what it lacks of the journal. Erasures that are not believed are
    written anew where the database knows of them.

    The list of backups needs no rebuilding: it is read from the storage each time.
    """
    copied = renew_erasures(backup_places(), alias) + _level()
    try:
        return Rebuilt(copied, replay_records(backup_storage(), alias), "")
    except Exception as error:  # noqa: BLE001 -- there may be no database yet
        why = next(iter(str(error).splitlines()), type(error).__name__)
        return Rebuilt(copied, 0, why)


def _level() -> int:
    """Have each place hold the newest version of all, and return how many were put."""
    places = Places(backup_places())
    listed = places.each(lambda place: (place.name, _names(place)))
    everything = sorted({name for _, names in listed for name in names})
    lacking = {
        name: {place for place, names in listed if name not in names}
        for name in everything
    }
    return sum(_level_out(places, name, lacking[name]) for name in everything)


def _level_out(places: Places, name: str, lacking: set[str]) -> bool:
    """Put the newest version where there is none, or an older one; tell whether so.

    A place that has one and does not give it may have the newest: it is left alone.
    """
    try:
        versions = places.versions(name)
    except StorageError:
        return False
    newest = newest_version(versions.values())
    behind = [
        place
        for place in places.reached
        if place.name in lacking or versions.get(place.name, newest) != newest
    ]
    is_put = False
    for place in behind:
        try:
            place.put(name, newest)
        except StorageError as error:
            places.miss(place, error)
        else:
            is_put = True
    return is_put


def _names(place: BackupStorage) -> set[str]:
    return {
        each.name
        for each in place.objects()
        if any(form.fullmatch(each.name) for form in KEPT_EVERYWHERE)
    }
