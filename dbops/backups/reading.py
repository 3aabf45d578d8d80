"""The dump inside a backup, proven byte by byte while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from dbops.backups.compression import UNPACKING_ERRORS
from dbops.backups.encryption import decrypting, locked, require_identity
from dbops.backups.manifest import ANOTHER, Manifest, StoredFile
from dbops.backups.measuring import Measure, Meter, MeteredReader
from dbops.backups.storage import BackupStorage
from dbops.engines.base import Source
from dbops.errors import BackupDamagedError, ProgramFailedError, StorageError
from dbops.process import CHUNK_BYTES


def dump_source(storage: BackupStorage, manifest: Manifest) -> Source:
    """Return the unpacked dump of a backup, to be read once."""
    return file_source(storage, manifest, manifest.dump)


def file_source(storage: BackupStorage, manifest: Manifest, file: StoredFile) -> Source:
    """Return what is packed in one file of a backup, to be read once."""
    chunks = _plain_chunks(storage, manifest, file)
    return Source(chunks, file.plain.size_bytes, file.form)


def _plain_chunks(
    storage: BackupStorage, manifest: Manifest, file: StoredFile
) -> Iterator[bytes]:
    """Yield what is inside; raise BackupDamagedError unless each byte is as it was.

    An unpacker takes a file cut short for a whole one, so hashes and counts of
    both sides decide, never the absence of an error.
    """
    with storage.open(file.name) as source:
        stored = MeteredReader(source)
        plain = Meter()
        trouble = refusal = ""
        try:
            with _opened(manifest, file, stored) as packed:
                yield from _unpacked(file, packed, plain)
        except UNPACKING_ERRORS as error:
            trouble = str(error) or type(error).__name__
        except ProgramFailedError as error:
            refusal = error.why
        except OSError as error:
            raise StorageError(
                f"{file.name} was not read.",
                why=str(error.strerror),
                fix=f"look into the disk of {storage.location}",
            ) from error
        # What a broken stream leaves unread is needed for the stored hash.
        while stored.read(CHUNK_BYTES):
            pass
    inside = "dump" if file == manifest.dump else "text"
    _require(manifest, "stored file", stored.meter.measure, file.stored)
    if refusal and plain.size_bytes <= file.plain.size_bytes:
        raise locked(manifest.id, file.recipients, refusal)
    if trouble:
        raise _damaged(manifest, f"it cannot be unpacked: {trouble}")
    _require(manifest, f"{inside} in it", plain.measure, file.plain)


def _opened(
    manifest: Manifest, file: StoredFile, stored: MeteredReader
) -> AbstractContextManager[Any]:
    """Return what is packed, decrypted if it is encrypted."""
    if not file.recipients:
        return nullcontext(stored)
    return decrypting(stored, require_identity(manifest.id, file.recipients))


def _unpacked(file: StoredFile, packed: Any, plain: Meter) -> Iterator[bytes]:
    """Yield no more than the manifest promises, so that no disk is flooded."""
    reader = file.compression.reader(packed)
    while chunk := reader.read(CHUNK_BYTES):
        plain.add(chunk)
        if plain.size_bytes > file.plain.size_bytes:
            return
        yield chunk


def _require(manifest: Manifest, what: str, found: Measure, expected: Measure) -> None:
    if found.size_bytes != expected.size_bytes:
        raise _damaged(
            manifest,
            f"the {what} has {found.size_bytes} bytes, not {expected.size_bytes}",
        )
    if found.sha256 != expected.sha256:
        raise _damaged(
            manifest,
            f"the {what} has the SHA-256 {found.sha256[:12]}…,"
            f" not {expected.sha256[:12]}…",
        )


def _damaged(manifest: Manifest, why: str) -> BackupDamagedError:
    return BackupDamagedError(
        f"The backup {manifest.id} is damaged.", why=why, fix=ANOTHER
    )
