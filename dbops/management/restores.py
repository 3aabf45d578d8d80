"""A restore as a command tells it: into a new database, over the live one, ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dbops.backups.restore import restore_backup
from dbops.backups.signing import describe_signature
from dbops.recovery.anonymise import restore_anonymised
from dbops.recovery.ending import Ended
from dbops.recovery.foreign import restore_foreign
from dbops.recovery.live import Replaced
from dbops.recovery.plans import ROLLBACK, Plan
from stateset.lib.reports import Report, Section

NO_TRAFFIC = "not for traffic, as its outbox, keys and logins are the backup's"
"""Only what goes over the live database has been through the quarantine."""


def into_anonymised(
    database: str, backup_id: str, into: str, reason: str, *, allow_unsigned: bool
) -> Report:
    """Make a copy without people, and tell what was changed in it."""
    made = restore_anonymised(
        backup_id=backup_id,
        into=into,
        alias=database,
        reason=reason,
        allow_unsigned=allow_unsigned,
    )
    manifest = made.restored.manifest
    return Report(
        summary=f"Restored {manifest.id} into {made.restored.target}, anonymised:"
        f" {made.rows} of {manifest.rows} rows changed or left out, in"
        f" {made.restored.seconds} s; nobody can log in until"
        " `manage.py createsuperuser` made somebody there",
        facts={
            "id": manifest.id,
            "into": made.restored.target,
            "anonymised_rows": made.rows,
            "row_count": manifest.rows,
            "seconds": made.restored.seconds,
        },
    )


def into_new(
    database: str, backup_id: str, into: str, reason: str, *, allow_unsigned: bool
) -> Report:
    """Make a new database from a backup, and tell what is in it."""
    restored = restore_backup(
        backup_id=backup_id,
        into=into,
        alias=database,
        reason=reason,
        allow_unsigned=allow_unsigned,
    )
    manifest = restored.manifest
    return Report(
        summary=f"Restored {manifest.id} into {restored.target}: {manifest.rows}"
        f" rows, all as in the manifest, in {restored.seconds} s; {NO_TRAFFIC}",
        facts={
            "id": manifest.id,
            "into": restored.target,
            "tables": len(manifest.contents.tables),
            "row_count": manifest.rows,
            "signature": describe_signature(manifest),
            "seconds": restored.seconds,
        },
    )


def into_from_foreign(database: str, file: str, into: str, reason: str) -> Report:
    """Make a new database from another program's dump, and tell what is in it."""
    adopted = restore_foreign(file, into=into, alias=database, reason=reason)
    tables = adopted.contents.tables
    return Report(
        summary=f"Restored {adopted.source.name} into {adopted.target}: {adopted.rows}"
        f" rows in {len(tables)} tables, in {adopted.seconds} s; nothing says how many"
        f" there should be; {NO_TRAFFIC}",
        facts={
            "source": str(adopted.source),
            "into": adopted.target,
            "tables": len(tables),
            "row_count": adopted.rows,
            "seconds": adopted.seconds,
        },
        rows=[{"table": name, "row_count": count} for name, count in tables.items()],
    )


def report_ended(ended: Ended) -> Report:
    """Tell what became of a restore that was killed."""
    killed, name = ended.ending.killed, ended.ending.name
    if killed.is_exchanged:
        told = f"Ended the {killed.record.action} of {name} from {killed.record.source}"
    else:
        told = f"Aborted the {killed.record.action} of {name}: it is as it was"
    rows = [{"what": each.subject, "result": str(each)} for each in ended.findings]
    return Report(
        summary=told,
        facts={"journal": ended.journal_id, "kept_copy": killed.kept_as},
        rows=rows,
        sections=[Section(rows)],
    )


def report_replaced(replaced: Replaced) -> Report:
    """Tell what a restore over the live database has done."""
    plan = replaced.plan
    before = sum(plan.now.tables.values()) if plan.now else None
    rows = [
        {"what": what, "result": str(result)}
        for what, result in _told(replaced, plan, before)
    ]
    done = "Went back to" if plan.action == ROLLBACK else "Restored"
    return Report(
        summary=f"{done} {plan.source} as {plan.name}: {replaced.rows_after} rows in"
        f" {replaced.seconds} s",
        facts={
            "source": plan.source,
            "database": plan.database,
            "row_count_before": before,
            "row_count": replaced.rows_after,
            "safety_backup": replaced.safety_backup,
            "kept_copy": plan.kept_as,
            "journal": replaced.journal_id,
            "seconds": replaced.seconds,
        },
        rows=rows,
        sections=[Section(rows)],
    )


def _told(
    replaced: Replaced, plan: Plan, before: int | None
) -> Iterator[tuple[str, Any]]:
    now = "unknown" if before is None else before
    yield "rows", f"{now} before, {replaced.rows_after} now"
    yield "safety backup", replaced.safety_backup or f"none: {plan.unreadable}"
    yield "kept copy", plan.kept_as or "none: there was no live database"
    for finding in replaced.findings:
        yield finding.subject, finding
    for line in replaced.left_out:
        yield "not carried", line
    for copy in replaced.older_copies:
        yield "older copy", copy.removal
    yield "journal", replaced.journal_id
