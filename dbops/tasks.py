"""The tasks of the workers: one line over a flow each; they say what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from celery import current_app, shared_task
from django.utils import timezone

from dbops.backups import create, prune, verify
from dbops.backups.catalogue import LATEST
from dbops.errors import StorageError
from dbops.maintenance import purge, vacuum
from dbops.monitoring import sampling
from dbops.monitoring.watching import telling_of_a_lost_database
from dbops.recovery import drill, full, requests
from dbops.scheduling import runs
from dbops.scheduling.entries import find_entry
from dbops.values import Size, Took

ONE_MINUTE = 60


@shared_task(name="dbops.create_backup")
def create_backup(*, kind: str = create.DUMP, reason: str = "on schedule") -> str:
    """Back up the database, verify the backup, and try out a full one."""
    made = full.back_up(kind=kind, reason=reason)
    made.require_everywhere()
    made.require_proven()
    manifest = made.manifest
    told = f"{manifest.id}, {manifest.rows:,} rows, {Size(manifest.stored.size_bytes)}"
    if made.drill is None:
        return told
    return f"{told}, back in {Took(made.drill.total_seconds)}"


@shared_task(name="dbops.recovery_drill")
def recovery_drill(*, backup_id: str = LATEST, reason: str = "") -> str:
    """Restore a backup on trial and measure how long recovery takes."""
    report = drill.recovery_drill(backup_id=backup_id, reason=reason)
    drill.require_passed(report)
    return f"{report.backup_id} came back whole in {Took(report.total_seconds)}"


@shared_task(name="dbops.verify_backup")
def verify_backup(*, backup_id: str = LATEST) -> str:
    """Read a backup to its end, as a restore would."""
    manifest, verdict = verify.verify_backup(backup_id=backup_id)
    return f"{manifest.id} is good at level {verdict.level}"


@shared_task(name="dbops.prune_backups")
def prune_backups() -> str:
    """Delete the backups that the plan does not keep."""
    pruned = prune.prune_backups()
    if pruned.refused:
        raise StorageError(
            "Not all that was to go was deleted.",
            why=next(iter(pruned.refused.values())),
            fix="see the rest with prune_backups",
        )
    return f"{len(pruned.deleted)} of {len(pruned.plan)} backups deleted"


@shared_task(name="dbops.vacuum_database")
def vacuum_database() -> str:
    """Vacuum and analyze every table, while others work."""
    vacuumed = vacuum.vacuum_database()
    vacuum.require_some(vacuumed)
    return vacuumed.summary


@shared_task(name="dbops.purge_records")
def purge_records() -> str:
    """Delete rows whose time is over, by the rules of each app."""
    return purge.purge_records(apply=True).summary


@shared_task(name="dbops.sample_health")
def sample_health() -> str:
    """Check the database and keep what was found."""
    return sampling.summarise(sampling.sample_health())


@shared_task(name="dbops.run_restore_request")
def run_restore_request(*, request_id: str) -> str:
    """Restore the backup that one person asked for and a second one approved."""
    return requests.run_request(request_id)


@shared_task(name="dbops.run_scheduled", acks_late=True)
def run_scheduled(name: str) -> str:
    """Do what beat says is due, once for each slot."""
    entry = find_entry(name)
    with telling_of_a_lost_database():
        return runs.run_entry(name, _work(entry.task, entry.arguments))


@shared_task(name="dbops.run_asked")
def run_asked(
    name: str, task: str, arguments: Mapping[str, Any], asked_by: str, asked_at: str
) -> str:
    """Do what somebody asked for by hand, once for each time of asking."""
    slot = datetime.fromisoformat(asked_at)
    return runs.run_slot(name, slot, _work(task, arguments), asked_by=asked_by)


@shared_task(name="dbops.take_second_chances")
def take_second_chances() -> None:
    """Send again what was put off, or left behind by a worker that died."""
    for name in runs.due_again(timezone.now()):
        run_scheduled.apply_async((name,), expires=ONE_MINUTE)
    requests.settle_requests(timezone.now())


def _work(task: str, arguments: Mapping[str, Any]) -> runs.Work:
    # Not called as a task: the run itself says who acts.
    return partial(current_app.tasks[task].run, **arguments)
