"""Make one backup: dump, pack, measure, store; the manifest comes last."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops.audit import journaled
from dbops.backups import catalogue, compression, writing
from dbops.backups.compression import parse_compression
from dbops.backups.encryption import can_open, choose_recipients
from dbops.backups.erasures import keep_erasures, renew_erasures
from dbops.backups.manifest import Manifest
from dbops.backups.storage import BackupStorage, Places, backup_places
from dbops.backups.verify import DEFAULT_LEVEL, verify_copy
from dbops.backups.writing import store_backup
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.errors import BackupDamagedError, StorageError
from dbops.leases import leased
from dbops.stopping import stoppable
from stateset.lib.errors import UsageError

logger = logging.getLogger(__name__)

DUMP, FULL, SAFETY, PRE_MIGRATE = "dump", writing.FULL, catalogue.SAFETY, "pre-migrate"
"""Kinds: asked for or scheduled, the weekly one, before a restore, before migrating."""

NO_LEVEL = "none"
SEALED_LEVEL = "manifest"


@dataclass(frozen=True)
class Made:
    """A backup, the locations that hold it, and by location why one does not.

    ``verified`` is the level at which it was verified.
    """

    manifest: Manifest
    locations: Sequence[str]
    missed: Mapping[str, str]
    verified: str


def create_backup(
    *,
    alias: str = DEFAULT_DB_ALIAS,
    kind: str = DUMP,
    packing: str = compression.DEFAULT,
    encrypt: bool | None = None,
    verify: str = DEFAULT_LEVEL,
    reason: str = "",
    started_at: datetime | None = None,
) -> Manifest:
    """Back up one database as ``make_backup`` does, and return the manifest.

    One good copy is enough here; a location that was missed is logged.
    """
    made = make_backup(
        alias=alias,
        kind=kind,
        packing=packing,
        encrypt=encrypt,
        verify=verify,
        reason=reason,
        started_at=started_at,
    )
    return made.manifest


def make_backup(
    *,
    alias: str = DEFAULT_DB_ALIAS,
    kind: str = DUMP,
    to: Iterable[str] = (),
    packing: str = compression.DEFAULT,
    encrypt: bool | None = None,
    verify: str = DEFAULT_LEVEL,
    jobs: int | None = None,
    reason: str = "",
    started_at: datetime | None = None,
) -> Made:
    """Dump one database once, and store it at the locations ``to``, or at all.

    It is encrypted where recipients are configured, unless ``encrypt`` says no.
    ``jobs`` connections dump it together; None is what is configured.

    A backup without a manifest does not count, so it is written last; when
    anything raises, nothing is left. Then each copy is verified at the level
    ``verify`` unless that is ``none`` (``manifest``, where it is encrypted and the
    identity is not here); what fails there stays, marked as damaged.
    While one location has a good copy, the others are told in ``missed``; otherwise
    the first one's error is raised. Raises OperationBusyError when another operation
    runs on this database.
    """
    packer = parse_compression(packing)
    recipients = choose_recipients(encrypt=encrypt)
    places = Places(backup_places(to))
    engine = _engine(alias, jobs)
    engine.require_database()
    with (
        journaled("backup.create", reason=reason) as details,
        stoppable("The backup"),
        leased(engine, "backup"),
    ):
        # One reading of the clock: name, manifest and order cannot disagree.
        moment = (started_at or timezone.now()).astimezone(UTC)
        manifest = store_backup(
            engine, places, packer, moment, kind, reason, recipients=recipients
        )
        _keep_erasures(places.reached, alias, kind)
        missed = {name: _words(error) for name, error in places.missed.items()}
        details |= {
            "id": manifest.id,
            "alias": alias,
            "bytes": manifest.size_bytes,
            "rows": manifest.rows,
            "locations": [place.name for place in places.reached],
            "missed": dict(missed),
        }
    if verify != NO_LEVEL and not can_open(manifest.recipients):
        # Whoever has not the identity cannot look inside, and need not.
        verify = SEALED_LEVEL
    if verify != NO_LEVEL:
        missed |= _verify(places.reached, manifest, verify)
    good = [place.name for place in places.reached if place.name not in missed]
    return Made(manifest, good, missed, verify)


def _engine(alias: str, jobs: int | None) -> Engine:
    engine = get_engine(alias)
    if jobs is not None:
        if jobs > 1 and not engine.takes_jobs:
            raise UsageError(
                "The backup was not begun.",
                why=f"{engine.connection.display_name} is copied as one file, {jobs}"
                " jobs cannot share it",
                fix="leave --jobs out",
            )
        engine.options = replace(engine.options, backup_jobs=jobs)
    return engine


def _keep_erasures(places: Sequence[BackupStorage], alias: str, kind: str) -> None:
    """Have those erased meanwhile known beside the backup; a failure ends no backup.

    With a full one also those whose object is not believed, which reads each.
    """
    try:
        keep_erasures(places, alias)
        if kind == FULL:
            renew_erasures(places, alias)
    except StorageError as error:
        logger.warning("Erasures are not kept beside the backups: %s", _words(error))


def _verify(
    places: Sequence[BackupStorage], manifest: Manifest, level: str
) -> dict[str, str]:
    """Verify each copy; raise the first one's error if none is good."""
    refused: dict[str, BackupDamagedError | StorageError] = {}
    for place in places:
        try:
            verify_copy(place, manifest.id, level=level)
        except (BackupDamagedError, StorageError) as error:
            refused[place.name] = error
    if len(refused) == len(places):
        raise next(iter(refused.values()))
    told = {name: _words(error) for name, error in refused.items()}
    for name, why in told.items():
        logger.warning("Location %s: %s", name, why)
    return told


def _words(error: BackupDamagedError | StorageError) -> str:
    return f"{error.what} {error.why}".strip()
