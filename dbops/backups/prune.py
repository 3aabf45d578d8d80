"""Delete the backups that nobody needs any more, after telling which and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops import conf
from dbops.audit import journaled
from dbops.backups.catalogue import (
    DELETING_SUFFIX,
    VERDICT_SUFFIX,
    list_entries_of,
    may_be_foreign,
    objects_by_backup,
    objects_of,
)
from dbops.backups.holds import Hold, clear_holds, read_hold, read_holds
from dbops.backups.manifest import SUFFIX
from dbops.backups.retention import GRACE, UNKNOWN, Kept, Policy, plan_retention
from dbops.backups.slots import Counts
from dbops.backups.storage import BackupStorage, Places, backup_places, backup_storage
from dbops.engines.registry import get_engine
from dbops.errors import PruningRefusedError, StorageError
from dbops.leases import leased
from dbops.stopping import stoppable

Copy = tuple[str, str]
"""A location and the id of the backup there."""
UNFINISHED = "unfinished uploads"
WHOLE = "the location"
"""What was refused where it was no single backup."""


@dataclass(frozen=True)
class Pruned:
    """What was planned, and by location and id why a deletion was refused."""

    plan: Sequence[Kept]
    refused: Mapping[Copy, str]
    unfinished: int

    @property
    def deleted(self) -> list[Kept]:
        """What is gone."""
        going = [each for each in self.plan if not each.is_kept]
        return [each for each in going if place_of(each) not in self.refused]


def place_of(kept: Kept) -> Copy:
    """Return which copy a verdict is on: location and id."""
    return kept.entry.location, kept.entry.id


def retention_policy(alias: str, location: str) -> Policy:
    """Return what is kept of one database of this installation at one location."""
    return Policy(
        project=conf.PROJECT,
        environment=conf.environment(),
        alias=alias,
        keep=timedelta(days=conf.retention_days(location)),
        counts=Counts(**conf.retention_counts(location)),
    )


def explain_backups(
    alias: str = DEFAULT_DB_ALIAS, locations: Iterable[str] = ()
) -> list[Kept]:
    """Return all backups of a database at each location, and why each is kept.

    They are listed also where nothing can be said about keeping them. A location
    that cannot be read is passed over with a warning unless it is the only one.
    """
    return explain_at(Places(backup_places(locations)), alias)


def explain_at(places: Places, alias: str) -> list[Kept]:
    """Return the same of these places, which keep what they missed."""
    return _at_each(places, alias, _explain)


def plan_pruning(
    alias: str = DEFAULT_DB_ALIAS, locations: Iterable[str] = ()
) -> list[Kept]:
    """Return the verdict on each backup of a database; nothing is deleted.

    A location that cannot be read is passed over as by ``explain_backups``.
    """
    return _at_each(Places(backup_places(locations)), alias, _plan)


def prune_backups(
    alias: str = DEFAULT_DB_ALIAS, locations: Iterable[str] = ()
) -> Pruned:
    """Delete what the plan does not keep, while no other run works on the database.

    Each location has a policy of its own. A deletion that is refused, or a location
    that cannot be read, is reported, and the rest is done. Raises PruningRefusedError
    and OperationBusyError, with nothing deleted.
    """
    places = Places(backup_places(locations))
    engine = get_engine(alias)
    with (
        journaled("backup.prune") as details,
        stoppable("The pruning"),
        leased(engine, "prune"),
    ):
        details["alias"] = alias
        # All plans first: one that is refused leaves every place as it is.
        everywhere = Places(backup_places())
        held = read_holds(everywhere, timezone.now())
        plans = places.each(lambda place: (place, _plan(place, alias, held)))
        refused = {(name, WHOLE): error.why for name, error in places.missed.items()}
        for place, plan in plans:
            refused |= _carry_out(place, plan, everywhere)
        unfinished = sum(_clear(place, everywhere, refused) for place, _ in plans)
        pruned = Pruned(
            [each for _, plan in plans for each in plan], refused, unfinished
        )
        details |= {
            "deleted": [each.entry.id for each in pruned.deleted],
            "refused": sorted(what for _, what in refused),
            "unfinished": unfinished,
        }
    return pruned


def _holds() -> Mapping[str, Hold]:
    """Return what is pinned or being read, at whatever location that is written."""
    return read_holds(backup_storage(), timezone.now())


def _at_each(
    places: Places,
    alias: str,
    verdicts: Callable[[BackupStorage, str, Mapping[str, Hold]], list[Kept]],
) -> list[Kept]:
    held = _holds()
    found = places.each(lambda place: verdicts(place, alias, held))
    return [each for some in found for each in some]


def _explain(place: BackupStorage, alias: str, held: Mapping[str, Hold]) -> list[Kept]:
    try:
        return _plan(place, alias, held)
    except PruningRefusedError as error:
        return [
            Kept(entry, is_kept=True, short=UNKNOWN, why=error.why)
            for entry in list_entries_of(place, alias)
        ]


def _plan(place: BackupStorage, alias: str, held: Mapping[str, Hold]) -> list[Kept]:
    entries = list_entries_of(place, alias)
    policy = retention_policy(alias, place.name)
    return plan_retention(entries, policy, timezone.now(), held)


def _carry_out(
    place: BackupStorage, plan: Sequence[Kept], everywhere: Places
) -> dict[Copy, str]:
    refused = {}
    going = [each for each in plan if not each.is_kept]
    try:
        there = objects_by_backup(place) if going else {}
    except StorageError as error:
        return {place_of(each): error.why for each in going}
    for each in going:
        names = [found.name for found in there.get(each.entry.id, ())]
        # Who holds it is asked at the last moment, what lies there was listed once.
        why = _held(each, place, everywhere) or _delete(place, each.entry.id, names)
        if why:
            refused[place_of(each)] = why
    return refused


def _held(kept: Kept, place: BackupStorage, everywhere: Places) -> str:
    """Return what holds a copy since the plan was made, or why nobody knows.

    Who reads it has noted that at its place: one that failed once was not asked all.
    """
    try:
        hold = read_hold(everywhere, kept.entry.id, timezone.now())
    except StorageError as error:
        return error.why
    if missed := everywhere.missed.get(place.name):
        return f"what holds it is not known: {missed.why}"
    return hold.why if hold else ""


def _clear(place: BackupStorage, everywhere: Places, refused: dict[Copy, str]) -> int:
    def is_gone(backup_id: str) -> bool:
        # A place that does not answer may have it.
        return not objects_of(everywhere, backup_id) and not everywhere.missed

    try:
        unfinished = place.clear_unfinished(timezone.now() - GRACE)
        clear_holds(place, timezone.now(), is_gone)
    except StorageError as error:
        refused[place.name, UNFINISHED] = error.why
        return 0
    return unfinished


def _delete(storage: BackupStorage, backup_id: str, names: list[str]) -> str:
    """Delete the manifest first, so that a half deleted backup is none; say why not.

    What would look like another program's without its manifest is marked before, so
    that the next run goes on with what this one cannot delete. The mark goes last.
    """
    mark = backup_id + DELETING_SUFFIX
    first = (backup_id + SUFFIX, backup_id + VERDICT_SUFFIX)
    try:
        if mark not in names and any(map(may_be_foreign, names)):
            with suppress(StorageError):
                # A full disk takes no mark, and is made room on all the same.
                storage.put(mark, b"{}\n")
                names.append(mark)
        for name in sorted(names, key=lambda name: (name == mark, name not in first)):
            storage.delete(name)
    except StorageError as error:
        return error.why
    return ""
