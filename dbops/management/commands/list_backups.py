from __future__ import annotations

from typing import Any

from dbops.backups.catalogue import CatalogueEntry, list_entries_of
from dbops.backups.storage import backup_storage
from dbops.values import Ago, Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "List the backups, newest first, with their state and verification."

    def run(self, *, database: str, **_options: Any) -> Report:
        storage = backup_storage()
        entries = list(list_entries_of(storage, database))
        total = Size(sum(entry.size_bytes for entry in entries))
        return Report(
            summary=f"{len(entries)} backup{'s' * (len(entries) != 1)} in"
            f" {storage.location}, {total}",
            rows=[_row(entry) for entry in entries],
        )


def _row(entry: CatalogueEntry) -> dict[str, Any]:
    manifest, verdict = entry.manifest, entry.verdict
    return {
        "id": entry.id,
        "state": entry.state,
        "started_at": manifest and Ago.of(manifest.started_at),
        "size": Size(entry.size_bytes),
        "kind": manifest and manifest.kind,
        "verified": verdict.level if verdict and verdict.is_good else "no",
        "verified_at": Ago.of(verdict.verified_at) if verdict else "",
        "why": entry.why,
    }
