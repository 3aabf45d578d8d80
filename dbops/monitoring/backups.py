"""Whether there is a backup to go back to: recent, proven, with room for the next."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from dbops import conf
from dbops.backups.catalogue import (
    COMPLETE,
    DAMAGED,
    INCOMPLETE,
    CatalogueEntry,
    list_entries_of,
)
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.engines.verbs.activity.health import Reading
from dbops.errors import DbopsError
from dbops.monitoring.results import CheckResult, Status
from dbops.monitoring.rules import judge
from dbops.recovery.drill_reports import DrillReport, newest_and_proven
from dbops.values import Span, Took

# A backup a day, and two hours for it to be late.
DUE_AFTER = timedelta(hours=26)
OVERDUE_AFTER = timedelta(hours=50)
# A week, and a day for it to be late.
VERIFY_AFTER = timedelta(days=8)
# What was written to a moment ago may be a backup that is being made.
WRITTEN_WITHIN = timedelta(hours=1)
# The weekly full backup ends with a drill; a day for it to be late.
DRILL_AFTER = timedelta(days=8)
DRILL_CHECKS = ("recovery_drill", "recovery_time")
SHALLOW = frozenset({"manifest", "hash"})


def check_backups(alias: str) -> list[CheckResult]:
    """Look at what the storage holds; cost: a listing, and each manifest once."""
    try:
        storage = backup_storage()
        entries = list(list_entries_of(storage, alias))
        drills = newest_and_proven(storage, alias)
    except DbopsError as error:
        why = f"{error.what} {error.why}".strip()
        names = ("last_backup", "backup_verified", *DRILL_CHECKS)
        return [CheckResult(name, "unknown", why, hint=error.fix) for name in names]
    return [
        *(_newest(entries), _verified(entries)),
        *check_drills(*drills, timezone.now()),
        *_disk(storage),
    ]


def check_drills(
    newest: DrillReport | None, proven: DrillReport | None, now: datetime
) -> list[CheckResult]:
    """Judge when a restore was last proven, and how long recovery would take."""
    return [_proven(newest, proven, now), _recovery_time(proven)]


def age_status(age: timedelta) -> Status:
    """Return what the age of the newest backup means."""
    if age > OVERDUE_AFTER:
        return "critical"
    return "warning" if age > DUE_AFTER else "ok"


def _newest(entries: list[CatalogueEntry]) -> CheckResult:
    """Judge the age of the newest good backup, and what became of those after it."""
    name, hint = "last_backup", "run backup, and see why the schedule did not"
    for index, entry in enumerate(entries):
        if entry.state == COMPLETE and entry.manifest is not None:
            age = timezone.now() - entry.manifest.started_at
            status = age_status(age)
            hints = [] if status == "ok" else [hint]
            message = f"{Span(age.total_seconds())} ago: {entry.id}"
            if spoilt := _spoilt(entries[:index]):
                message += f"; newer ones: {spoilt}"
                hints.append("see why with list_backups")
                status = "warning" if status == "ok" else status
            return CheckResult(
                name,
                status,
                message,
                hint="; ".join(hints),
                value=age.total_seconds(),
                unit="s",
            )
    found = f"none is complete, of {len(entries)}" if entries else "there is none"
    return CheckResult(name, "critical", found, hint=hint, unit="s")


def _spoilt(entries: list[CatalogueEntry]) -> str:
    """Count what cannot be used, but for what is being made or is another's."""
    since = timezone.now() - WRITTEN_WITHIN
    damaged = sum(entry.state == DAMAGED for entry in entries)
    incomplete = sum(
        entry.state == INCOMPLETE
        and not entry.may_be_foreign
        and (entry.modified_at is None or entry.modified_at < since)
        for entry in entries
    )
    counts = ((damaged, DAMAGED), (incomplete, INCOMPLETE))
    return ", ".join(f"{count} {state}" for count, state in counts if count)


def _verified(entries: list[CatalogueEntry]) -> CheckResult:
    name, hint = "backup_verified", "run verify_backup --latest"
    moments = [
        entry.verdict.verified_at
        for entry in entries
        if entry.state == COMPLETE
        and entry.verdict is not None
        and entry.verdict.is_good
        and entry.verdict.level not in SHALLOW
    ]
    if not moments:
        return CheckResult(name, "warning", "none has been decoded", hint=hint)
    age = timezone.now() - max(moments)
    is_late = age > VERIFY_AFTER
    return CheckResult(
        name,
        "warning" if is_late else "ok",
        f"decoded {Span(age.total_seconds())} ago",
        hint=hint if is_late else "",
        value=age.total_seconds(),
        unit="s",
    )


def _proven(
    newest: DrillReport | None, proven: DrillReport | None, now: datetime
) -> CheckResult:
    name, hint = DRILL_CHECKS[0], "run recovery_drill"
    age = None if proven is None else now - proven.began_at
    seconds = None if age is None else age.total_seconds()
    known = "no restore was ever proven"
    if seconds is not None:
        known = f"a restore was proven {Span(seconds)} ago"
    if newest is not None and not newest.has_restored:
        message = f"the last drill failed: {newest.why or newest.what}; {known}"
        return CheckResult(
            name, "critical", message, hint=newest.fix, value=seconds, unit="s"
        )
    is_late = age is None or age > DRILL_AFTER
    return CheckResult(
        name,
        "warning" if is_late else "ok",
        known,
        hint=hint if is_late else "",
        value=seconds,
        unit="s",
    )


def _recovery_time(proven: DrillReport | None) -> CheckResult:
    name = DRILL_CHECKS[1]
    if proven is None:
        return CheckResult(
            name, "warning", "never measured", hint="run recovery_drill", unit="s"
        )
    took, allowed = proven.total_seconds, conf.recovery_budget().total_seconds()
    is_late = took > allowed
    return CheckResult(
        name,
        "warning" if is_late else "ok",
        f"{Took(took)} of {Span(allowed)} allowed",
        hint="see which step takes longest: Database > Backups" if is_late else "",
        value=took,
        unit="s",
    )


def _disk(storage: BackupStorage) -> Iterator[CheckResult]:
    """Measure the disk of a folder; an object store tells no such thing."""
    folder = Path(storage.location)
    if not folder.is_absolute():
        return
    there = next(place for place in (folder, *folder.parents) if place.exists())
    usage = shutil.disk_usage(there)
    words = {"free_bytes": usage.free, "folder": folder}
    yield judge(Reading("backup_disk", usage.free / usage.total, words))
