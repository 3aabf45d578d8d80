"""Prove that a stored backup is whole, and keep the verdict beside it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops.audit import journaled
from dbops.backups.catalogue import (
    INCOMPLETE,
    LATEST,
    Verdict,
    find_manifest,
    latest_id,
    list_entries_of,
    no_backup,
    read_verdict,
    write_verdict,
)
from dbops.backups.copies import places_with
from dbops.backups.holds import being_read
from dbops.backups.manifest import Manifest, StoredFile
from dbops.backups.proving import Proof, prove_by_restoring
from dbops.backups.reading import dump_source, file_source
from dbops.backups.signing import require_trusted
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.engines.registry import decode_dump, get_drill_engine
from dbops.errors import (
    BackupDamagedError,
    DbopsError,
    OperationBusyError,
    OperationStoppedError,
)
from dbops.stopping import stoppable

DEFAULT_LEVEL = "decode"
SHALLOWEST = "manifest"
RESTORE_LEVEL = "restore"

logger = logging.getLogger(__name__)


def verify_backup(
    *,
    backup_id: str = LATEST,
    alias: str = DEFAULT_DB_ALIAS,
    level: str = DEFAULT_LEVEL,
) -> tuple[Manifest, Verdict]:
    """Check one backup as deeply as ``level`` says and record what was found.

    ``manifest``: the manifest is unaltered and the file has its size. ``hash``:
    every stored and every unpacked byte is right. ``decode``: the engine's own
    tools can read it to the end. ``restore``: a scratch database made from it has all
    that the manifest says. Every location that has a copy is checked. Raises
    BackupDamagedError otherwise, and for a backup that a deeper check found damaged,
    until one as deep finds it good; BackupUntrustedError for good bytes that may not
    be ours.

    What came back as it was and breaks a rule all the same is a good copy of a bad
    state: RestoredUnsoundError tells that, and the verdict is good.
    """
    if backup_id == LATEST:
        backup_id = latest_id(backup_storage(), alias)
    places = places_with(backup_id)
    found: list[tuple[Manifest, Verdict]] = []
    refused: list[DbopsError] = []
    for place in places:
        try:
            found.append(verify_copy(place, backup_id, alias=alias, level=level))
        except (OperationStoppedError, OperationBusyError):
            raise
        except DbopsError as error:
            if len(places) == 1:
                raise
            refused.append(error.located(f"at {place.name}"))
            logger.warning("%s %s", error.what, refused[-1].why)
    if refused:
        raise refused[0]
    return found[0]


def verify_copy(
    storage: BackupStorage,
    backup_id: str,
    *,
    alias: str = DEFAULT_DB_ALIAS,
    level: str = DEFAULT_LEVEL,
) -> tuple[Manifest, Verdict]:
    """Check the copy of a backup at one place, and record there what was found."""
    with journaled("backup.verify") as details, stoppable("The verification"):
        details |= {"id": backup_id, "level": level, "location": storage.name}
        manifest = find_manifest(storage, backup_id, alias)
        known = read_verdict(storage, manifest)
        is_shallow = known is not None and _depth(level) < _depth(known.level)
        try:
            with _held(storage, manifest, level):
                proof = LEVELS[level](storage, manifest, alias)
            if known is not None and is_shallow and not known.is_good:
                raise _known_damage(manifest, known)
        except BackupDamagedError as error:
            if known is None or known.is_good or not is_shallow:
                conclude(storage, manifest, level, why=error.why)
            raise
        if is_shallow:
            verdict = _verdict(manifest, level)
        else:
            verdict = conclude(storage, manifest, level, proof=proof)
        if proof is not None:
            proof.require_sound(manifest)
        require_trusted(manifest)
    return manifest, verdict


def conclude(
    storage: BackupStorage,
    manifest: Manifest,
    level: str,
    *,
    why: str = "",
    proof: Proof | None = None,
) -> Verdict:
    """Keep what a check of one level has found: nothing, or why it is damaged."""
    verdict = _verdict(manifest, level, why=why, proof=proof)
    write_verdict(storage, manifest.id, verdict)
    return verdict


def verify_all(*, alias: str, level: str = DEFAULT_LEVEL) -> dict[str, str]:
    """Check every backup of one database; return why each is bad, or nothing.

    A backup whose manifest cannot be read may be of any database: it is bad here.
    What has no manifest is no backup, or not yet. Raises BackupNotFoundError where
    there is none to check.
    """
    storage = backup_storage()
    found = {}
    for entry in list_entries_of(storage, alias):
        if entry.state == INCOMPLETE:
            continue
        try:
            verify_backup(backup_id=entry.id, alias=alias, level=level)
            found[entry.id] = ""
        except (OperationStoppedError, OperationBusyError):
            raise
        except DbopsError as error:
            found[entry.id] = error.why
    if not found:
        raise no_backup(storage, alias)
    return found


def _held(
    storage: BackupStorage, manifest: Manifest, level: str
) -> AbstractContextManager[None]:
    """Have nobody delete it meanwhile; a look at the manifest is over at once."""
    if level == SHALLOWEST:
        return nullcontext()
    return being_read(storage, manifest.id, "verify")


def _depth(level: str) -> int:
    return list(LEVELS).index(level) if level in LEVELS else len(LEVELS)


def _known_damage(manifest: Manifest, known: Verdict) -> BackupDamagedError:
    return BackupDamagedError(
        f"The backup {manifest.id} is damaged.",
        why=f"{known.why} (found at level {known.level})",
        fix=f"use another backup, or check this one again with --level {known.level}",
    )


def _verdict(
    manifest: Manifest, level: str, *, why: str = "", proof: Proof | None = None
) -> Verdict:
    return Verdict(
        level=level,
        is_good=not why,
        verified_at=timezone.now(),
        stored_sha256=manifest.stored.sha256,
        why=why,
        checks={look.name: look.looked_at for look in proof.looks} if proof else {},
    )


def _check_manifest(_storage: BackupStorage, _manifest: Manifest, _alias: str) -> None:
    """Do nothing more: to be found, a manifest must be right and its file whole."""


def _check_hashes(storage: BackupStorage, manifest: Manifest, _alias: str) -> None:
    for file in manifest.files:
        _read_to_the_end(storage, manifest, file)


def _check_decoding(storage: BackupStorage, manifest: Manifest, _alias: str) -> None:
    decode_dump(manifest.engine, dump_source(storage, manifest), manifest.contents)
    # What lies beside the dump is text, which has nothing to decode.
    for file in manifest.files[1:]:
        _read_to_the_end(storage, manifest, file)


def _check_by_restoring(
    storage: BackupStorage, manifest: Manifest, alias: str
) -> Proof:
    # What is restored is run.
    require_trusted(manifest)
    proof = prove_by_restoring(storage, manifest, get_drill_engine(alias))
    proof.require_whole(manifest)
    return proof


def _read_to_the_end(
    storage: BackupStorage, manifest: Manifest, file: StoredFile
) -> None:
    deque(file_source(storage, manifest, file).chunks, maxlen=0)


LEVELS: dict[str, Callable[[BackupStorage, Manifest, str], Proof | None]] = {
    SHALLOWEST: _check_manifest,
    "hash": _check_hashes,
    "decode": _check_decoding,
    RESTORE_LEVEL: _check_by_restoring,
}
