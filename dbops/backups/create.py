"""Make one backup: dump, pack, measure, store; the manifest comes last."""

from __future__ import annotations

import io
import logging
import platform
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

import django
import zstandard
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops import conf
from dbops.audit import journaled
from dbops.backups import catalogue, compression
from dbops.backups.catalogue import latest_entry
from dbops.backups.compression import Compression, parse_compression
from dbops.backups.manifest import (
    NOT_FULL,
    SUFFIX,
    Manifest,
    StoredFile,
    write_manifest,
)
from dbops.backups.measuring import Measure, MeteredWriter, Writable
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.backups.verify import DEFAULT_LEVEL, verify_backup
from dbops.engines.base import Dumped, Engine
from dbops.engines.registry import get_engine
from dbops.errors import NameTakenError, StorageError
from dbops.leases import leased
from dbops.stopping import stoppable
from stateset.lib.reports import render_bytes

logger = logging.getLogger(__name__)

DUMP, FULL, SAFETY, PRE_MIGRATE = "dump", "full", catalogue.SAFETY, "pre-migrate"
"""Kinds: asked for or scheduled, the weekly one, before a restore, before migrating."""

SURROUNDINGS_SUFFIX = ".surroundings.sql"
NO_LEVEL = "none"
# How much larger than the last one a backup may well be.
GROWTH = 1.3
NAMES_PER_SECOND = 99


@dataclass(frozen=True)
class _Written:
    """What is known when the dump lies in the storage."""

    dumped: Dumped
    plain: Measure
    stored: Measure


def create_backup(
    *,
    alias: str = DEFAULT_DB_ALIAS,
    kind: str = DUMP,
    packing: str = compression.DEFAULT,
    verify: str = DEFAULT_LEVEL,
    reason: str = "",
    started_at: datetime | None = None,
) -> Manifest:
    """Back up one database and return the manifest.

    A backup without a manifest does not count, so it is written last; when
    anything raises, nothing is left. Then it is verified at the level ``verify``
    unless that is ``none``; what fails there stays, marked as damaged. Raises
    OperationBusyError when another operation runs on this database.
    """
    packer = parse_compression(packing)
    storage = backup_storage()
    engine = get_engine(alias)
    engine.require_database()
    with (
        journaled("backup.create", reason=reason) as details,
        stoppable("The backup"),
        leased(engine, "backup"),
    ):
        # One reading of the clock: name, manifest and order cannot disagree.
        moment = (started_at or timezone.now()).astimezone(UTC)
        manifest = _store(engine, storage, packer, moment, kind, reason)
        details |= {
            "id": manifest.id,
            "alias": alias,
            "bytes": manifest.size_bytes,
            "rows": manifest.rows,
        }
    if verify != NO_LEVEL:
        verify_backup(backup_id=manifest.id, level=verify)
    return manifest


def _store(
    engine: Engine,
    storage: BackupStorage,
    packer: Compression,
    started_at: datetime,
    kind: str,
    reason: str,
) -> Manifest:
    begun = perf_counter()
    with ExitStack() as undo:
        with _letting_others_keep(undo), ExitStack() as writing:
            suffix = engine.dump_suffix + packer.suffix
            stem, target = _claim(writing, storage, started_at, suffix)
            _require_room(storage, engine.connection.alias)
            beside = f"{stem}{SURROUNDINGS_SUFFIX}{packer.suffix}"
            for name in (stem + suffix, beside, stem + SUFFIX):
                undo.callback(_take_back, storage, name)
            written = _write(engine, packer, target)
            dumped = perf_counter()
        stored = perf_counter()
        surroundings = _store_surroundings(engine, storage, packer, kind, beside)
        ended = perf_counter()
        seconds = {
            **written.dumped.seconds,
            "dump": dumped - begun,
            "store": stored - dumped,
            "surroundings": ended - stored,
        }
        manifest = Manifest(
            id=stem,
            kind=kind,
            project=conf.PROJECT,
            environment=conf.environment(),
            alias=engine.connection.alias,
            engine=engine.vendor,
            started_at=started_at,
            finished_at=started_at + timedelta(seconds=round(ended - begun, 3)),
            seconds={step: round(took, 3) for step, took in seconds.items()},
            contents=written.dumped.contents,
            file_name=stem + suffix,
            compression=packer,
            plain=written.plain,
            stored=written.stored,
            app_version=conf.app_version(),
            django_version=django.get_version(),
            host=socket.gethostname(),
            reason=reason,
            warnings=written.dumped.warnings,
            surroundings=surroundings,
            snapshot=written.dumped.snapshot,
            flags=written.dumped.flags,
            revision=conf.code_revision(),
            tools={
                "python": platform.python_version(),
                "zstandard": zstandard.__version__,
            },
        )
        storage.put(manifest.name, write_manifest(manifest))
        undo.pop_all()
    return manifest


def _write(engine: Engine, packer: Compression, target: Writable) -> _Written:
    """Stream the dump once: measured, packed, measured again, stored."""
    stored = MeteredWriter(target)
    with packer.writer(stored) as packed:
        plain = MeteredWriter(packed)
        dumped = engine.dump(plain)
    return _Written(dumped, plain.meter.measure, stored.meter.measure)


def _store_surroundings(
    engine: Engine, storage: BackupStorage, packer: Compression, kind: str, name: str
) -> StoredFile | str:
    """Store what a dump lacks, where there is such a thing, or say why not."""
    if kind != FULL:
        return NOT_FULL
    text = engine.surroundings()
    if text is None:
        return f"{engine.vendor} has no roles and no settings of a server"
    content = io.BytesIO()
    stored = MeteredWriter(content)
    with packer.writer(stored) as packed:
        plain = MeteredWriter(packed)
        plain.write(text.encode())
    storage.put(name, content.getvalue())
    return StoredFile(name, packer, plain.meter.measure, stored.meter.measure)


def _require_room(storage: BackupStorage, alias: str) -> None:
    """Refuse what will not fit, going by the last backup of this database."""
    free = storage.free_bytes()
    if free is None:
        return
    last = latest_entry(storage, alias)
    expected = int((last.size_bytes if last else 0) * GROWTH)
    if free < expected:
        raise StorageError(
            "The backup was not begun.",
            why=f"{storage.location} has {render_bytes(free)} free, and 1.3 times the"
            f" last backup is {render_bytes(expected)}",
            fix=f"make room in {storage.location} (prune_backups), or choose another"
            " folder",
        )


@contextmanager
def _letting_others_keep(undo: ExitStack) -> Iterator[None]:
    """Take nothing back when the name turns out to be given: it is another run's."""
    try:
        yield
    except NameTakenError:
        undo.pop_all()
        raise


def _take_back(storage: BackupStorage, name: str) -> None:
    """Remove what was stored; a place that forbids it must not hide the cause."""
    try:
        storage.delete(name)
    except StorageError as error:
        logger.warning(
            "%s Without a manifest it is no backup. %s", error.what, error.why
        )


def _claim(
    stack: ExitStack, storage: BackupStorage, started_at: datetime, suffix: str
) -> tuple[str, Writable]:
    """Open the first free name; a second backup of the same second gets a number."""
    for stem in _stems(started_at):
        try:
            return stem, stack.enter_context(storage.create(stem, suffix))
        except NameTakenError:
            continue
    raise StorageError(
        "The backup was not begun.",
        why=f"{storage.location} has {NAMES_PER_SECOND} backups of this second",
        fix="see that the clock of this machine runs",
    )


def _stems(started_at: datetime) -> Iterator[str]:
    stem = f"{conf.PROJECT}_{started_at:%Y%m%d_%H%M%S}"
    yield stem
    for number in range(2, NAMES_PER_SECOND + 1):
        yield f"{stem}_{number:02}"
