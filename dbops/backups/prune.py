"""Delete the backups that nobody needs any more, after telling which and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops import conf
from dbops.audit import journaled
from dbops.backups.catalogue import VERDICT_SUFFIX, list_entries_of
from dbops.backups.holds import clear_readers, read_holds
from dbops.backups.manifest import SUFFIX
from dbops.backups.retention import UNKNOWN, Kept, Policy, plan_retention
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.engines.registry import get_engine
from dbops.errors import PruningRefusedError, StorageError
from dbops.leases import leased
from dbops.stopping import stoppable

UNFINISHED = "unfinished uploads"


@dataclass(frozen=True)
class Pruned:
    """What was planned, and by id why the storage refused a deletion."""

    plan: Sequence[Kept]
    refused: dict[str, str]
    unfinished: int

    @property
    def deleted(self) -> list[Kept]:
        """What is gone."""
        going = [each for each in self.plan if not each.is_kept]
        return [each for each in going if each.entry.id not in self.refused]


def retention_policy(alias: str) -> Policy:
    """Return what is kept of one database of this installation."""
    return Policy(
        project=conf.PROJECT,
        environment=conf.environment(),
        alias=alias,
        keep=timedelta(days=conf.retention_days()),
    )


def explain_backups(alias: str = DEFAULT_DB_ALIAS) -> list[Kept]:
    """Return all backups of a database, and why each is kept.

    They are listed also where nothing can be said about keeping them.
    """
    storage, now = backup_storage(), timezone.now()
    entries = list(list_entries_of(storage, alias))
    try:
        held = read_holds(storage, now)
        return plan_retention(entries, retention_policy(alias), now, held)
    except PruningRefusedError as error:
        return [
            Kept(entry, is_kept=True, short=UNKNOWN, why=error.why) for entry in entries
        ]


def plan_pruning(alias: str = DEFAULT_DB_ALIAS) -> list[Kept]:
    """Return the verdict on each backup of a database; nothing is deleted."""
    return _plan(backup_storage(), alias)


def prune_backups(alias: str = DEFAULT_DB_ALIAS) -> Pruned:
    """Delete what the plan does not keep, while no other run works on the database.

    A deletion that the storage refuses is reported, and the rest is done. Raises
    PruningRefusedError and OperationBusyError, with nothing deleted.
    """
    storage = backup_storage()
    engine = get_engine(alias)
    with (
        journaled("backup.prune") as details,
        stoppable("The pruning"),
        leased(engine, "prune"),
    ):
        details["alias"] = alias
        plan = _plan(storage, alias)
        policy = retention_policy(alias)
        refused = {
            each.entry.id: why
            for each in plan
            if not each.is_kept and (why := _delete(storage, each.entry.id))
        }
        unfinished = 0
        try:
            unfinished = storage.clear_unfinished(timezone.now() - policy.grace)
            clear_readers(storage, timezone.now())
        except StorageError as error:
            refused[UNFINISHED] = error.why
        pruned = Pruned(plan, refused, unfinished)
        details |= {
            "deleted": [each.entry.id for each in pruned.deleted],
            "refused": sorted(refused),
            "unfinished": unfinished,
        }
    return pruned


def _plan(storage: BackupStorage, alias: str) -> list[Kept]:
    now = timezone.now()
    entries = list_entries_of(storage, alias)
    held = read_holds(storage, now)
    return plan_retention(entries, retention_policy(alias), now, held)


def _delete(storage: BackupStorage, backup_id: str) -> str:
    """Delete the manifest first, so that a half deleted backup is none; say why not."""
    names = [
        each.name
        for each in storage.objects()
        if each.name.partition(".")[0] == backup_id
    ]
    first = (backup_id + SUFFIX, backup_id + VERDICT_SUFFIX)
    names.sort(key=lambda name: first.index(name) if name in first else len(first))
    try:
        for name in names:
            storage.delete(name)
    except StorageError as error:
        return error.why
    return ""
