"""Where a good copy of a backup lies, when there are several places."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from dbops.backups.catalogue import (
    LATEST,
    find_manifest,
    has_backup,
    latest_to_restore,
)
from dbops.backups.manifest import ANOTHER, Manifest, StoredFile
from dbops.backups.measuring import MeteredReader
from dbops.backups.signing import require_restorable
from dbops.backups.storage import (
    BackupStorage,
    FolderStorage,
    backup_places,
    backup_storage,
)
from dbops.errors import BackupDamagedError, BackupNotFoundError, StorageError
from dbops.process import CHUNK_BYTES

logger = logging.getLogger(__name__)


def copy_to_restore(
    backup_id: str, alias: str, *, allow_unsigned: bool, reads_through: bool = True
) -> tuple[BackupStorage, Manifest]:
    """Return place and manifest of what a restore is to take; ``LATEST`` is the newest.

    Raises what ``find_copy`` does, and RestoreRefusedError for a backup that nobody
    vouches for, unless that is allowed.
    """
    if backup_id == LATEST:
        backup_id = latest_to_restore(backup_storage(), alias)
    storage, manifest = find_copy(backup_id, alias, reads_through=reads_through)
    require_restorable(manifest, allow_unsigned=allow_unsigned)
    return storage, manifest


def find_copy(
    backup_id: str, alias: str, *, reads_through: bool = True
) -> tuple[BackupStorage, Manifest]:
    """Return the place of the first good copy of a backup, and its manifest.

    Folders come first. With several places a copy is read through before it is
    taken, unless that is for later; the only one there is, is taken as it is. Raises
    BackupNotFoundError, or the BackupDamagedError or StorageError of the first place
    that has it.
    """
    places = sorted(backup_places(), key=lambda each: not _is_near(each))
    refused: list[BackupDamagedError | BackupNotFoundError | StorageError] = []
    for place in places:
        try:
            manifest = find_manifest(place, backup_id, alias)
            if reads_through and len(places) > 1:
                require_stored(place, manifest)
        except (BackupDamagedError, BackupNotFoundError, StorageError) as error:
            refused.append(error)
            if len(places) > 1 and not isinstance(error, BackupNotFoundError):
                logger.warning("Location %s: %s %s", place.name, error.what, error.why)
        else:
            return place, manifest
    raise min(refused, key=lambda error: isinstance(error, BackupNotFoundError))


def places_with(backup_id: str) -> list[BackupStorage]:
    """Return the places that have anything of a backup; the first one if none has.

    A place that cannot be read may have it too: whoever reads there is told why not.
    """
    places = backup_places()
    if len(places) == 1:
        return places
    return [each for each in places if _may_have(each, backup_id)] or places[:1]


def _may_have(place: BackupStorage, backup_id: str) -> bool:
    try:
        return has_backup(place, backup_id)
    except StorageError:
        return True


def _is_near(place: BackupStorage) -> bool:
    return isinstance(place, FolderStorage)


def require_stored(place: BackupStorage, manifest: Manifest) -> None:
    """Read a copy through; raise BackupDamagedError unless it is what was stored."""
    for file in manifest.files:
        for _ in stored_chunks(place, manifest, file):
            pass


def stored_chunks(
    place: BackupStorage, manifest: Manifest, file: StoredFile
) -> Iterator[bytes]:
    """Yield the bytes of a file, of a longer one not much more than of the right one.

    Raises BackupDamagedError at the end unless they were those of the manifest.
    """
    with place.open(file.name) as source:
        stored = MeteredReader(source)
        while stored.meter.size_bytes <= file.stored.size_bytes:
            if not (chunk := stored.read(CHUNK_BYTES)):
                break
            yield chunk
    if stored.meter.measure != file.stored:
        raise BackupDamagedError(
            f"The backup {manifest.id} is damaged.",
            why=f"{file.name} is not what was stored",
            fix=ANOTHER,
        )
