"""Bring a backup back as a new database, beside whatever is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from dbops.audit import journaled
from dbops.backups.catalogue import LATEST
from dbops.backups.copies import copy_to_restore
from dbops.backups.holds import being_read
from dbops.backups.manifest import ANOTHER, Manifest
from dbops.backups.reading import dump_source
from dbops.engines.base import Contents, Engine, summarised
from dbops.engines.registry import get_engine
from dbops.errors import BackupDamagedError, RestoreRefusedError
from dbops.leases import leased
from dbops.stopping import stoppable

Rework = Callable[[Engine, str], Mapping[str, Any]]
"""What is done to a draft, given by name, before anybody else may see it.

It returns what the journal is to tell of it.
"""


@dataclass(frozen=True)
class Restored:
    """A new database, its rows counted and equal to the manifest's."""

    target: str
    manifest: Manifest
    seconds: float


def restore_backup(
    *,
    into: str,
    backup_id: str = LATEST,
    alias: str = DEFAULT_DB_ALIAS,
    reason: str = "",
    allow_unsigned: bool = False,
    rework: Rework | None = None,
) -> Restored:
    """Make the new database ``into`` from a backup; the live one is not touched.

    PostgreSQL: a database on the server of ``alias``; SQLite: a file. It takes its
    name only when its rows and migrations are those of the manifest, and when
    ``rework`` is done with it; when anything raises, nothing is left of it.
    ``allow_unsigned``: also one whose signature is missing or wrong.
    """
    engine = get_engine(alias)
    storage, manifest = copy_to_restore(backup_id, alias, allow_unsigned=allow_unsigned)
    require_engine(manifest, engine)
    target = engine.new_target(into)
    begun = perf_counter()
    with (
        journaled("backup.restore", reason=reason) as details,
        stoppable("The restore"),
        leased(engine, "restore", target=target),
        being_read(storage, manifest.id, "restore"),
    ):
        details |= {"id": manifest.id, "into": target, "alias": alias}
        source = dump_source(storage, manifest)
        with engine.drafted(
            source,
            target,
            like=manifest.contents,
            check=require_whole(manifest),
            is_closed=rework is not None,
        ) as draft:
            if rework is not None:
                details |= rework(engine, draft)
            engine.name_draft(draft, target)
    return Restored(target, manifest, round(perf_counter() - begun, 3))


def require_engine(manifest: Manifest, engine: Engine) -> None:
    """Raise RestoreRefusedError for a backup of another engine."""
    if manifest.engine != engine.vendor:
        raise RestoreRefusedError(
            f"The backup {manifest.id} was not restored.",
            why=f"it is of {manifest.engine}, the database"
            f" {engine.connection.alias!r} is {engine.vendor}",
            fix="choose a backup of the same engine (list_backups), or another"
            " --database",
        )


def require_whole(manifest: Manifest) -> Callable[[Contents], None]:
    """Return what raises BackupDamagedError unless contents are the manifest's."""

    def check(found: Contents) -> None:
        if differences := manifest.contents.differences(found):
            raise BackupDamagedError(
                f"The backup {manifest.id} did not come back whole.",
                why=summarised(differences),
                fix=ANOTHER,
            )

    return check
