"""Make up for the copies that a location missed, from where they are."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops.audit import journaled
from dbops.backups.catalogue import COMPLETE, CatalogueEntry
from dbops.backups.copies import require_stored, stored_chunks
from dbops.backups.holds import PINNED, Hold, being_read, read_holds
from dbops.backups.manifest import ANOTHER, SUFFIX, Manifest, StoredFile, read_manifest
from dbops.backups.prune import WHOLE, Copy, explain_backups, retention_policy
from dbops.backups.retention import (
    CLOCK_TOLERANCE,
    WAITING,
    Kept,
    plan_retention,
)
from dbops.backups.storage import (
    BackupStorage,
    Places,
    backup_places,
    backup_storage,
)
from dbops.backups.writing import remove_quietly
from dbops.errors import (
    BackupDamagedError,
    NameTakenError,
    PruningRefusedError,
    StorageError,
)
from dbops.stopping import stoppable
from stateset.lib.reports import render_bytes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lack:
    """A backup that a location has not and would keep; ``sources`` have it."""

    kept: Kept
    sources: tuple[str, ...]

    @property
    def copy(self) -> Copy:
        return self.kept.entry.location, self.kept.entry.id

    @property
    def size_bytes(self) -> int:
        return self.kept.entry.size_bytes


@dataclass(frozen=True)
class MadeUp:
    """What was copied where, and by location and id why something was not."""

    copied: Sequence[Lack]
    refused: Mapping[Copy, str]


def find_lacks(listed: Sequence[Kept], alias: str, places: Places) -> list[Lack]:
    """Return what each place lacks of all that are ``listed``, newest first.

    A backup counts that is good and trusted elsewhere, and that the policy of the
    place would keep: what was deleted there is not brought back. One that cannot be
    read lacks nothing, and is among those that ``places`` missed.
    """
    good: dict[str, list[CatalogueEntry]] = {}
    for each in listed:
        manifest = each.entry.manifest
        if each.entry.state == COMPLETE and manifest and not manifest.doubt:
            good.setdefault(each.entry.id, []).append(each.entry)
    if not good or len(backup_places()) == 1:
        return []
    holds = read_holds(backup_storage(), timezone.now())
    pins = {name: hold for name, hold in holds.items() if hold.short == PINNED}
    found = places.each(lambda place: _lacking(place, listed, good, alias, pins))
    lacks = [
        Lack(kept, tuple(entry.location for entry in good[kept.entry.id]))
        for some in found
        for kept in some
    ]
    return sorted(lacks, key=lambda lack: lack.kept.entry.id, reverse=True)


def make_up(alias: str = DEFAULT_DB_ALIAS, locations: Iterable[str] = ()) -> MadeUp:
    """Copy to each location what ``find_lacks`` finds that it lacks, the newest first.

    Each copy is compared with its manifest on the way and read back. Nothing is left
    of one that fails; a location that fails takes no more part.
    """
    targets = Places(backup_places(locations))
    lacks = find_lacks(explain_backups(alias), alias, targets)
    places = {place.name: place for place in backup_places()}
    copied: list[Lack] = []
    refused = {(name, WHOLE): error.why for name, error in targets.missed.items()}
    away: set[str] = set()
    for lack in lacks:
        location, backup_id = lack.copy
        if location in away:
            continue
        try:
            _copy_from_any(
                [places[name] for name in lack.sources], places[location], backup_id
            )
        except (StorageError, BackupDamagedError) as error:
            refused[lack.copy] = f"{error.what} {error.why}"
            logger.warning("Location %s: %s", location, refused[lack.copy])
            if isinstance(error, StorageError) and not isinstance(
                error, NameTakenError
            ):
                away.add(location)
        else:
            copied.append(lack)
    return MadeUp(copied, refused)


def _lacking(
    place: BackupStorage,
    listed: Sequence[Kept],
    good: Mapping[str, Sequence[CatalogueEntry]],
    alias: str,
    pins: Mapping[str, Hold],
) -> list[Kept]:
    there = {each.name.partition(".")[0] for each in place.objects()}
    lacking = [
        # What was proven of the copy elsewhere keeps none here.
        replace(entries[0], location=place.name, verdict=None)
        for backup_id, entries in good.items()
        if backup_id not in there
    ]
    own = [each.entry for each in listed if each.entry.location == place.name]
    policy = retention_policy(alias, place.name)
    try:
        plan = plan_retention([*own, *lacking], policy, timezone.now(), pins)
    except PruningRefusedError:
        # The clock is wrong, so nobody knows what would be kept.
        return []
    return [each for each in plan[len(own) :] if each.is_kept and each.short != WAITING]


def _copy_from_any(
    sources: Sequence[BackupStorage], target: BackupStorage, backup_id: str
) -> None:
    """Copy from the first place whose copy is good; raise the last one's error."""
    for source in sources:
        try:
            copy_backup(source, target, backup_id)
        except BackupDamagedError:
            if source is sources[-1]:
                raise
        else:
            return


def copy_backup(source: BackupStorage, target: BackupStorage, backup_id: str) -> None:
    """Store the same files and the same manifest at one more place.

    The manifest goes last. Raises BackupDamagedError or StorageError, and
    NameTakenError where anything of this backup is there; nothing is left then.
    """
    with (
        journaled("backup.copy") as details,
        stoppable("The copying"),
        being_read(source, backup_id, "copy"),
    ):
        details |= {"id": backup_id, "from": source.name, "to": target.name}
        content, manifest = _manifest_at(source, backup_id)
        details["bytes"] = manifest.size_bytes
        # What an outage left of it half uploaded would hold its name for a day.
        target.clear_unfinished(manifest.finished_at + CLOCK_TOLERANCE, backup_id)
        dump, *others = manifest.files
        with target.create(backup_id, dump.name.removeprefix(backup_id)) as taking:
            _require_room(target, manifest)
            for chunk in _chunks(source, manifest, dump):
                taking.write(chunk)
        try:
            for other in others:
                # Roles and settings: text that was in memory when it was written too.
                target.put(other.name, b"".join(_chunks(source, manifest, other)))
            target.put(manifest.name, content)
            require_stored(target, manifest)
        except BaseException:
            for each in (manifest.name, *(file.name for file in manifest.files)):
                remove_quietly(target, each)
            raise


def _manifest_at(source: BackupStorage, backup_id: str) -> tuple[bytes, Manifest]:
    name = backup_id + SUFFIX
    try:
        with source.open(name) as file:
            content = file.read()
    except StorageError as error:
        raise _unreadable(source, backup_id, error) from error
    manifest = read_manifest(name, content)
    _require_names(manifest, backup_id)
    return content, manifest


def _chunks(
    source: BackupStorage, manifest: Manifest, file: StoredFile
) -> Iterator[bytes]:
    """Yield what is stored; a source that cannot be read is told as one that is bad."""
    try:
        yield from stored_chunks(source, manifest, file)
    except StorageError as error:
        raise _unreadable(source, manifest.id, error) from error


def _unreadable(
    source: BackupStorage, backup_id: str, error: StorageError
) -> BackupDamagedError:
    return BackupDamagedError(
        f"The backup {backup_id} cannot be read at {source.name}.",
        why=error.why,
        fix=error.fix,
    )


def _require_names(manifest: Manifest, backup_id: str) -> None:
    """Refuse a manifest that names what is no file of its own."""
    names = [file.name for file in manifest.files]
    if any(not each.startswith(f"{backup_id}.") or "/" in each for each in names):
        raise BackupDamagedError(
            f"The backup {backup_id} was not copied.",
            why="its manifest names files that are not its own",
            fix=ANOTHER,
        )


def _require_room(target: BackupStorage, manifest: Manifest) -> None:
    free = target.free_bytes()
    if free is not None and free < manifest.size_bytes:
        raise StorageError(
            f"The backup {manifest.id} was not copied.",
            why=f"{target.location} has {render_bytes(free)} free, it has"
            f" {render_bytes(manifest.size_bytes)}",
            fix=f"make room in {target.location} (prune_backups)",
        )
