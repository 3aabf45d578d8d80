"""Which backups there are: what lies beside each other in the storage says so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from dbops.backups.manifest import ANOTHER, Manifest, read_manifest
from dbops.backups.manifest import SUFFIX as MANIFEST_SUFFIX
from dbops.backups.objects import read_object, write_object
from dbops.backups.storage import BackupStorage, StoredObject
from dbops.errors import BackupDamagedError, BackupNotFoundError

COMPLETE, DAMAGED, INCOMPLETE = "complete", "damaged", "incomplete"
LATEST = "latest"
SAFETY = "safety"
"""The kind of a backup that a restore makes of what it replaces."""
VERDICT_SUFFIX = ".verified.json"
DELETING_SUFFIX = ".deleting.json"
"""What lies beside a backup of which a deletion was begun."""
# Dumps by hand and by the guide's script have our names, but are never packed by zstd
# nor encrypted.
OWN_SUFFIXES = (".zst", ".json", ".age")
HALF_DELETED_WHY = "its deletion was not finished: the next pruning goes on with it"
FOREIGN_WHY = "it has no manifest: perhaps another program made it (restore --foreign)"
# A number is added when two backups begin in one second.
ID = re.compile(r"stateset_\d{8}_\d{6}(?:_\d{2})?")


@dataclass(frozen=True)
class Verdict:
    """What the last verification found; it counts for these stored bytes only.

    ``checks`` say what a real restore has looked at, each by its name.
    """

    level: str
    is_good: bool
    verified_at: datetime
    stored_sha256: str
    why: str = ""
    checks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CatalogueEntry:
    """One backup as it lies there.

    ``state`` is complete, damaged, or incomplete for a file without a manifest; ``why``
    says so, or of a complete one why it is not trusted.
    ``manifest`` is None where none can be read. ``modified_at`` is when the newest
    of its files was written. ``may_be_foreign``: it has no manifest, and other
    programs name their dumps like it. ``location`` is the name of the place.
    """

    id: str
    state: str
    why: str
    size_bytes: int
    manifest: Manifest | None
    verdict: Verdict | None
    modified_at: datetime | None = None
    may_be_foreign: bool = False
    location: str = ""


def list_entries(storage: BackupStorage) -> Iterator[CatalogueEntry]:
    """Yield the backups, newest first; cost: two small reads for each one taken."""
    for backup_id, objects in reversed(objects_by_backup(storage).items()):
        yield _entry(storage, backup_id, objects)


def objects_by_backup(storage: BackupStorage) -> dict[str, list[StoredObject]]:
    """Return what lies there of each backup, the oldest first; one listing."""
    found: dict[str, list[StoredObject]] = {}
    for each in storage.objects():
        found.setdefault(each.name.partition(".")[0], []).append(each)
    return {stem: found[stem] for stem in sorted(filter(ID.fullmatch, found))}


def objects_of(storage: BackupStorage, backup_id: str) -> list[StoredObject]:
    """Return what lies there of one backup; one short listing."""
    return storage.objects(f"{backup_id}.")


def list_entries_of(storage: BackupStorage, alias: str) -> Iterator[CatalogueEntry]:
    """Yield the backups of one database, newest first.

    One whose manifest is missing or cannot be read may be of any database, so it is
    among them.
    """
    for entry in list_entries(storage):
        if entry.manifest is None or entry.manifest.alias == alias:
            yield entry


def find_entry(storage: BackupStorage, backup_id: str) -> CatalogueEntry | None:
    """Return one backup as it lies there, if it does; cost: two small reads."""
    if not ID.fullmatch(backup_id):
        return None
    objects = objects_of(storage, backup_id)
    return _entry(storage, backup_id, objects) if objects else None


def latest_entry(storage: BackupStorage, alias: str) -> CatalogueEntry | None:
    """Return the newest backup of one database, also a damaged one.

    One whose manifest cannot be read may be of any database, so it counts too:
    nobody shall get older data than asked for without a word.
    """
    for entry in list_entries_of(storage, alias):
        if entry.state != INCOMPLETE:
            return entry
    return None


def find_manifest(storage: BackupStorage, backup_id: str, alias: str) -> Manifest:
    """Return the manifest of one backup whose file is there in its full size.

    The id LATEST stands for the newest one of the database ``alias``. Raises
    BackupNotFoundError or BackupDamagedError.
    """
    if backup_id == LATEST:
        backup_id = latest_id(storage, alias)
    if not ID.fullmatch(backup_id):
        raise _not_found(storage, backup_id)
    sizes = _sizes(objects_of(storage, backup_id))
    if backup_id + MANIFEST_SUFFIX in sizes:
        manifest = _read_manifest(storage, backup_id)
        _require_files(manifest, sizes)
        return manifest
    if not sizes:
        raise _not_found(storage, backup_id)
    raise BackupDamagedError(
        f"The backup {backup_id} cannot be used.",
        why=f"its manifest {backup_id}{MANIFEST_SUFFIX} is missing",
        fix=ANOTHER,
    )


def has_backup(storage: BackupStorage, backup_id: str) -> bool:
    """Tell whether anything of a backup is there."""
    return bool(objects_of(storage, backup_id))


def is_stored(storage: BackupStorage, backup_id: str) -> bool:
    """Tell whether there is a backup of this id; nothing is read."""
    return backup_id + MANIFEST_SUFFIX in _sizes(objects_of(storage, backup_id))


def latest_id(storage: BackupStorage, alias: str) -> str:
    """Return the id of the newest backup of one database."""
    entry = latest_entry(storage, alias)
    if entry is None:
        raise no_backup(storage, alias)
    return entry.id


def latest_to_restore(storage: BackupStorage, alias: str) -> str:
    """Return the id of the newest backup that is not one before a restore.

    Such a one holds what a restore was to get rid of: whoever begins a killed restore
    anew means the backup of before.
    """
    for entry in list_entries_of(storage, alias):
        is_safety = entry.manifest is not None and entry.manifest.kind == SAFETY
        if entry.state != INCOMPLETE and not is_safety:
            return entry.id
    raise no_backup(storage, alias)


def no_backup(storage: BackupStorage, alias: str) -> BackupNotFoundError:
    """Return the error that says a database has no backup here."""
    return BackupNotFoundError(
        f"There is no backup of the database {alias!r}.",
        why=f"{storage.location} holds none",
        fix="make one with backup, or correct BACKUP_DIR",
    )


def read_verdict(storage: BackupStorage, manifest: Manifest) -> Verdict | None:
    """Return what the deepest verification of these stored bytes has found."""
    sizes = _sizes(objects_of(storage, manifest.id))
    return _read_verdict(storage, manifest, sizes)


def write_verdict(storage: BackupStorage, backup_id: str, verdict: Verdict) -> None:
    """Keep the result of a verification beside the backup."""
    write_object(storage, backup_id + VERDICT_SUFFIX, asdict(verdict))


def _entry(
    storage: BackupStorage, stem: str, objects: list[StoredObject]
) -> CatalogueEntry:
    sizes = _sizes(objects)
    is_half_deleted = stem + DELETING_SUFFIX in sizes
    moments = [
        each.modified_at
        for each in objects
        if each.modified_at and not each.name.endswith(DELETING_SUFFIX)
    ]
    manifest, verdict, state, why = _state(storage, stem, sizes)
    is_foreign = False
    if state == INCOMPLETE and is_half_deleted:
        why = HALF_DELETED_WHY
    elif state == INCOMPLETE and any(map(may_be_foreign, sizes)):
        is_foreign, why = True, FOREIGN_WHY
    return CatalogueEntry(
        stem,
        state,
        why,
        sum(size for name, size in sizes.items() if not name.endswith(".json")),
        manifest,
        verdict,
        max(moments, default=None),
        is_foreign,
        storage.name,
    )


def _sizes(objects: list[StoredObject]) -> dict[str, int]:
    return {each.name: each.size_bytes for each in objects}


def may_be_foreign(name: str) -> bool:
    """Tell whether the guide's script, or one like it, may have written this file."""
    return not name.endswith(OWN_SUFFIXES)


def _state(
    storage: BackupStorage, stem: str, sizes: dict[str, int]
) -> tuple[Manifest | None, Verdict | None, str, str]:
    if stem + MANIFEST_SUFFIX not in sizes:
        why = "it has no manifest: the run that wrote it was killed"
        return None, None, INCOMPLETE, why
    manifest = verdict = None
    try:
        manifest = _read_manifest(storage, stem)
        verdict = _read_verdict(storage, manifest, sizes)
        _require_files(manifest, sizes)
    except BackupDamagedError as error:
        return manifest, verdict, DAMAGED, error.why
    if verdict is not None and not verdict.is_good:
        return manifest, verdict, DAMAGED, verdict.why
    return manifest, verdict, COMPLETE, manifest.doubt


def _read_manifest(storage: BackupStorage, stem: str) -> Manifest:
    name = stem + MANIFEST_SUFFIX
    with storage.open(name) as file:
        return read_manifest(name, file.read())


def _require_files(manifest: Manifest, sizes: dict[str, int]) -> None:
    for file in manifest.files:
        size = sizes.get(file.name)
        if size != file.stored.size_bytes:
            found = "missing" if size is None else f"{size} bytes long"
            raise BackupDamagedError(
                f"The backup {manifest.id} is damaged.",
                why=f"{file.name} is {found}, not {file.stored.size_bytes} bytes",
                fix=ANOTHER,
            )


def _read_verdict(
    storage: BackupStorage, manifest: Manifest, sizes: dict[str, int]
) -> Verdict | None:
    name = manifest.id + VERDICT_SUFFIX
    if name not in sizes:
        return None
    verdict = _parse_verdict(read_object(storage, name))
    if verdict is None or verdict.stored_sha256 != manifest.stored.sha256:
        return None
    return verdict


def _parse_verdict(values: Any) -> Verdict | None:
    """Return None for anything unreadable: it proves nothing, so it is not there."""
    try:
        moment = datetime.fromisoformat(values["verified_at"])
        return Verdict(**{**values, "verified_at": moment})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _not_found(storage: BackupStorage, backup_id: str) -> BackupNotFoundError:
    return BackupNotFoundError(
        f"There is no backup {backup_id!r}.",
        why=f"{storage.location} holds none of this id",
        fix="see the ids with list_backups",
    )
