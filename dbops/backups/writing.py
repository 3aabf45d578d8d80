"""Store one dump: packed, encrypted, at every place; the manifest comes last."""

from __future__ import annotations

import io
import logging
import platform
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

import django
import zstandard

from dbops import conf
from dbops.backups import encryption
from dbops.backups.catalogue import latest_entry
from dbops.backups.compression import Compression
from dbops.backups.encryption import encrypting
from dbops.backups.manifest import (
    NOT_FULL,
    SUFFIX,
    Manifest,
    StoredFile,
    write_manifest,
)
from dbops.backups.measuring import Measure, MeteredWriter, Writable
from dbops.backups.storage import BackupStorage, Places, Spread
from dbops.backups.surprise import earlier_manifests, surprises
from dbops.engines.base import Dumped, Engine
from dbops.errors import NameTakenError, StorageError
from stateset.lib.reports import render_bytes

logger = logging.getLogger(__name__)

FULL = "full"
SURROUNDINGS_SUFFIX = ".surroundings.sql"
# How much larger than the last one a backup may well be.
GROWTH = 1.3
NAMES_PER_SECOND = 99


@dataclass(frozen=True)
class _Written:
    """What is known when the dump lies in the storage."""

    dumped: Dumped
    plain: Measure
    stored: Measure


def store_backup(
    engine: Engine,
    places: Places,
    packer: Compression,
    started_at: datetime,
    kind: str,
    reason: str,
    *,
    recipients: tuple[str, ...] = (),
) -> Manifest:
    """Dump once, store it and its manifest at every place, and return the manifest.

    A place that fails keeps nothing of it; when anything raises, none does.
    """
    begun = perf_counter()
    with ExitStack() as undo:
        with ExitStack() as writing:
            packing = packer.suffix + (encryption.SUFFIX if recipients else "")
            suffix = engine.dump_suffix + packing
            stem, target = _claim(writing, places, started_at, suffix)
            beside = f"{stem}{SURROUNDINGS_SUFFIX}{packing}"
            names = (stem + suffix, beside, stem + SUFFIX)
            undo.callback(_take_back, places, places.reached, names)
            target.require(partial(_require_room, alias=engine.connection.alias))
            written = _write(engine, packer, target, recipients)
            dumped = perf_counter()
        holders = places.reached
        stored = perf_counter()
        surroundings: StoredFile | str = NOT_FULL
        if kind == FULL:
            surroundings = _store_surroundings(
                engine, places, packer, beside, recipients
            )
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
            warnings=(*written.dumped.warnings, *_surprises(engine, places, written)),
            surroundings=surroundings,
            snapshot=written.dumped.snapshot,
            flags=written.dumped.flags,
            revision=conf.code_revision(),
            tools={
                "python": platform.python_version(),
                "zstandard": zstandard.__version__,
            },
            recipients=recipients,
            form=written.dumped.form,
        )
        places.put(manifest.name, write_manifest(manifest))
        undo.pop_all()
    lost = [place for place in holders if place.name in places.missed]
    _take_back(places, lost, names)
    return manifest


def _write(
    engine: Engine, packer: Compression, target: Writable, recipients: Sequence[str]
) -> _Written:
    """Stream the dump once: measured, packed, encrypted, measured again, stored."""
    stored = MeteredWriter(target)
    with encrypting(stored, recipients) as sealed, packer.writer(sealed) as packed:
        plain = MeteredWriter(packed)
        dumped = engine.dump(plain)
    return _Written(dumped, plain.meter.measure, stored.meter.measure)


def _surprises(engine: Engine, places: Places, written: _Written) -> list[str]:
    """Compare the dump with those before it, and tell what looks lost."""
    earlier = earlier_manifests(places.reached[0], engine.connection.alias)
    contents, size = written.dumped.contents, written.plain.size_bytes
    found = list(surprises(contents, size, earlier))
    for each in found:
        logger.warning("%s", each)
    return found


def _store_surroundings(
    engine: Engine,
    storage: BackupStorage,
    packer: Compression,
    name: str,
    recipients: tuple[str, ...],
) -> StoredFile | str:
    """Store what a dump lacks, where there is such a thing, or say why not."""
    text = engine.surroundings()
    if text is None:
        return f"{engine.vendor} has no roles and no settings of a server"
    content = io.BytesIO()
    stored = MeteredWriter(content)
    with encrypting(stored, recipients) as sealed, packer.writer(sealed) as packed:
        plain = MeteredWriter(packed)
        plain.write(text.encode())
    storage.put(name, content.getvalue())
    return StoredFile(
        name, packer, plain.meter.measure, stored.meter.measure, recipients
    )


def expected_bytes(storage: BackupStorage, alias: str) -> int:
    """Return what the next backup of a database may take; 0 where nobody can tell."""
    last = latest_entry(storage, alias)
    return int((last.size_bytes if last else 0) * GROWTH)


def _require_room(storage: BackupStorage, alias: str) -> None:
    """Refuse what will not fit, going by the last backup of this database."""
    free = storage.free_bytes()
    if free is None:
        return
    expected = expected_bytes(storage, alias)
    if free < expected:
        raise StorageError(
            "The backup was not begun.",
            why=f"{storage.location} has {render_bytes(free)} free, and 1.3 times the"
            f" last backup is {render_bytes(expected)}",
            fix=f"make room in {storage.location} (prune_backups), or choose another"
            " folder",
        )


def _take_back(
    places: Places, holders: Sequence[BackupStorage], names: Sequence[str]
) -> None:
    """Remove what was stored; a place that forbids it must not hide the cause.

    The manifest goes first. Where another run has the name, all is that one's.
    """
    for place in holders:
        if isinstance(places.missed.get(place.name), NameTakenError):
            continue
        for name in reversed(names):
            remove_quietly(place, name)


def remove_quietly(place: BackupStorage, name: str) -> None:
    """Remove one object; what cannot be removed is logged."""
    try:
        place.delete(name)
    except StorageError as error:
        logger.warning(
            "%s Without a manifest it is no backup. %s", error.what, error.why
        )


def _claim(
    stack: ExitStack, storage: Places, started_at: datetime, suffix: str
) -> tuple[str, Spread]:
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
