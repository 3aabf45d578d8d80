"""Prove that a stored backup is whole, and keep the verdict beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops.audit import journaled
from dbops.backups.catalogue import (
    INCOMPLETE,
    LATEST,
    Verdict,
    find_manifest,
    list_entries,
    write_verdict,
)
from dbops.backups.manifest import Manifest
from dbops.backups.reading import dump_source
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.engines.registry import decode_dump
from dbops.errors import BackupDamagedError
from dbops.stopping import stoppable

DEFAULT_LEVEL = "decode"


def verify_backup(
    *,
    backup_id: str = LATEST,
    alias: str = DEFAULT_DB_ALIAS,
    level: str = DEFAULT_LEVEL,
) -> tuple[Manifest, Verdict]:
    """Check one backup as deeply as ``level`` says and record what was found.

    ``manifest``: the manifest is unaltered and the file has its size. ``hash``:
    every stored and every unpacked byte is right. ``decode``: the engine's own
    tools can read it to the end. Raises BackupDamagedError otherwise.
    """
    storage = backup_storage()
    with journaled("backup.verify") as details, stoppable("The verification"):
        details |= {"id": backup_id, "level": level}
        manifest = find_manifest(storage, backup_id, alias)
        details["id"] = manifest.id
        try:
            LEVELS[level](storage, manifest)
        except BackupDamagedError as error:
            verdict = _verdict(manifest, level, why=error.why)
            write_verdict(storage, manifest.id, verdict)
            raise
        verdict = _verdict(manifest, level)
        write_verdict(storage, manifest.id, verdict)
    return manifest, verdict


def verify_all(*, alias: str, level: str = DEFAULT_LEVEL) -> dict[str, str]:
    """Check every backup of one database; return why each is bad, or nothing.

    A backup whose manifest cannot be read may be of any database: it is bad here.
    """
    found = {}
    for entry in list_entries(backup_storage()):
        if entry.state == INCOMPLETE or (
            entry.manifest is not None and entry.manifest.alias != alias
        ):
            continue
        try:
            verify_backup(backup_id=entry.id, level=level)
            found[entry.id] = ""
        except BackupDamagedError as error:
            found[entry.id] = error.why
    return found


def _verdict(manifest: Manifest, level: str, *, why: str = "") -> Verdict:
    return Verdict(
        level=level,
        is_good=not why,
        verified_at=timezone.now(),
        stored_sha256=manifest.stored.sha256,
        why=why,
    )


def _check_manifest(_storage: BackupStorage, _manifest: Manifest) -> None:
    """Do nothing more: to be found, a manifest must be right and its file whole."""


def _check_hashes(storage: BackupStorage, manifest: Manifest) -> None:
    deque(dump_source(storage, manifest).chunks, maxlen=0)


def _check_decoding(storage: BackupStorage, manifest: Manifest) -> None:
    decode_dump(manifest.engine, dump_source(storage, manifest), manifest.contents)


LEVELS: dict[str, Callable[[BackupStorage, Manifest], None]] = {
    "manifest": _check_manifest,
    "hash": _check_hashes,
    "decode": _check_decoding,
}
