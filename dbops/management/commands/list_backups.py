from __future__ import annotations

from typing import Any

from dbops.backups.prune import explain_backups
from dbops.backups.retention import Kept
from dbops.backups.storage import backup_storage
from dbops.values import Age, Ago, NarrowSize, Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Section

SHOWN = ("id", "state", "verified", "made", "size", "kind", "kept", "why")


class Command(StatesetCommand):
    help = "List the backups, newest first: their state, and why each is kept."

    def run(self, *, database: str, **_options: Any) -> Report:
        plan = explain_backups(database)
        entries = [each.entry for each in plan]
        total = Size(sum(entry.size_bytes for entry in entries))
        rows = [_row(each) for each in plan]
        shown = [{key: row[key] for key in SHOWN} for row in rows]
        return Report(
            summary=f"{len(entries)} backup{'s' * (len(entries) != 1)} in"
            f" {backup_storage().location}, {total}",
            rows=rows,
            sections=[Section(shown, below="why")] if shown else [],
        )


def _row(kept: Kept) -> dict[str, Any]:
    entry = kept.entry
    manifest, verdict = entry.manifest, entry.verdict
    return {
        "id": entry.id,
        "state": entry.state,
        "made": manifest and Age.of(manifest.started_at),
        "size": NarrowSize(entry.size_bytes),
        "kind": manifest and manifest.kind,
        "kept": kept.short,
        "kept_why": kept.why,
        "verified": verdict.level if verdict and verdict.is_good else "no",
        "verified_at": Ago.of(verdict.verified_at) if verdict else "",
        "why": entry.why,
    }
