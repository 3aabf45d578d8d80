"""Recover from a backup on trial, measure it, and keep what was found."""

from __future__ import annotations

import logging
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from dbops import conf
from dbops.audit import journaled
from dbops.backups.catalogue import LATEST, latest_to_restore
from dbops.backups.copies import find_copy
from dbops.backups.holds import being_read
from dbops.backups.manifest import Manifest
from dbops.backups.proving import Proof, prove_by_restoring
from dbops.backups.restore import require_engine
from dbops.backups.signing import require_trusted
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.backups.verify import RESTORE_LEVEL, conclude
from dbops.engines.base import Engine
from dbops.engines.registry import get_drill_engine
from dbops.errors import (
    BackupDamagedError,
    BackupNotFoundError,
    DrillFailedError,
    OperationBusyError,
    OperationStoppedError,
    StorageError,
)
from dbops.recovery.drill_reports import (
    FAILED,
    PASSED,
    SLOW,
    DrillReport,
    write_report,
)
from dbops.steps import measured, step
from dbops.stopping import stoppable
from dbops.values import Span, Took
from stateset.lib.errors import StatesetError
from stateset.lib.journal import who_acts

logger = logging.getLogger(__name__)

# Steps outside the restore itself: finding the backup, opening and closing.
OTHER = "other"


def recovery_drill(
    *,
    backup_id: str = LATEST,
    alias: str = DEFAULT_DB_ALIAS,
    keep: bool = False,
    reason: str = "",
) -> DrillReport:
    """Restore a backup into a scratch database, check it and measure each step.

    What goes wrong with it is in the report, which is kept beside the backups, and in
    the verdict on the backup; nothing is raised for that. With ``keep`` the restored
    database stays. Raises BackupNotFoundError, and OperationBusyError while another
    trial runs.
    """
    storage, engine = backup_storage(), get_drill_engine(alias)
    began_at = timezone.now().astimezone(UTC)
    if backup_id == LATEST:
        backup_id = latest_to_restore(storage, alias)
    with (
        journaled("backup.drill", reason=reason) as details,
        stoppable("The drill"),
    ):
        details |= {"id": backup_id, "alias": alias}
        told = _tell_of(alias, backup_id, engine, began_at, reason)
        report = _drill(engine, told, keep=keep)
        details |= _summary(report)
        _keep(storage, report)
    return report


def require_passed(report: DrillReport) -> None:
    """Raise DrillFailedError unless all came back, in time."""
    if report.state != PASSED:
        raise DrillFailedError(report.what, why=report.why, fix=report.fix)


def _drill(engine: Engine, told: dict[str, Any], *, keep: bool) -> DrillReport:
    trouble: dict[str, Any] = {}
    proof = Proof()
    with measured() as seconds, _caught(trouble), step(OTHER):
        storage, manifest = find_copy(told["backup_id"], told["alias"])
        require_trusted(manifest)
        require_engine(manifest, engine)
        told |= _backup_facts(manifest)
        kept = engine.kept_scratch_name(f"{told['began_at']:%Y%m%d_%H%M%S}")
        with being_read(storage, manifest.id, "drill"), _concluded(storage, manifest):
            proof = prove_by_restoring(
                storage, manifest, engine, keep_as=kept if keep else ""
            )
            proof.require_whole(manifest)
            conclude(storage, manifest, RESTORE_LEVEL, proof=proof)
        proof.require_sound(manifest)
    told |= {
        "seconds": {name: round(took, 3) for name, took in seconds.items()},
        "looks": proof.looks,
        "kept": proof.kept,
        "removal": proof.removal,
    }
    report = DrillReport(**told, state=PASSED)
    return DrillReport(**told, **(trouble or _late(report) or {"state": PASSED}))


@contextmanager
def _caught(trouble: dict[str, Any]) -> Iterator[None]:
    """Write down what is wrong with the backup, or with restoring it here."""
    try:
        yield
    except (BackupNotFoundError, OperationBusyError, OperationStoppedError):
        raise
    except StatesetError as error:
        trouble |= {
            "state": FAILED,
            "what": error.what,
            "why": error.why,
            "fix": error.fix,
        }


@contextmanager
def _concluded(storage: BackupStorage, manifest: Manifest) -> Iterator[None]:
    """Keep it as the verdict on the backup when the block finds it damaged."""
    try:
        yield
    except BackupDamagedError as error:
        conclude(storage, manifest, RESTORE_LEVEL, why=error.why)
        raise


def _late(report: DrillReport) -> dict[str, Any]:
    """Return what to say of a drill that took longer than is allowed."""
    if report.total_seconds <= report.budget_seconds:
        return {}
    return {
        "state": SLOW,
        "what": f"The backup {report.backup_id} came back whole, but too late.",
        "why": f"it took {Took(report.total_seconds)},"
        f" {Span(report.budget_seconds)} are allowed",
        "fix": "see which step takes longest; a faster disk, more cores or less data"
        " help, or else allow more (APP__RECOVERY_BUDGET)",
    }


def _tell_of(
    alias: str, backup_id: str, engine: Engine, began_at: datetime, reason: str
) -> dict[str, Any]:
    return {
        "id": f"drill_{began_at:%Y%m%d_%H%M%S}_{secrets.token_hex(4)}",
        "alias": alias,
        "backup_id": backup_id,
        "began_at": began_at,
        "budget_seconds": conf.recovery_budget().total_seconds(),
        "who": who_acts(),
        "host": socket.gethostname(),
        "engine": engine.vendor,
        "reason": reason,
    }


def _backup_facts(manifest: Manifest) -> dict[str, Any]:
    return {
        "backup_from": manifest.started_at,
        "rows": manifest.rows,
        "size_bytes": manifest.plain.size_bytes,
    }


def _summary(report: DrillReport) -> dict[str, Any]:
    return {
        "outcome": "success" if report.state == PASSED else "error",
        "drill": report.id,
        "state": report.state,
        "seconds": report.total_seconds,
        **({"why": report.why} if report.why else {}),
    }


def _keep(storage: BackupStorage, report: DrillReport) -> None:
    """Store the report; a place that does not take it must not hide the result."""
    try:
        write_report(storage, report)
    except StorageError as error:
        logger.warning("The report of the drill was not kept. %s", error.why)
