from __future__ import annotations

from typing import Any

from django.utils import timezone

from dbops.backups.catalogue import CatalogueEntry, list_entries
from dbops.backups.storage import backup_storage
from dbops.values import Size, Span
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "List the backups, newest first, with their state and verification."

    def run(self, **_options: Any) -> Report:
        storage = backup_storage()
        entries = list(list_entries(storage))
        total = Size(sum(entry.size_bytes for entry in entries))
        with_why = any(entry.why for entry in entries)
        return Report(
            summary=f"{len(entries)} backup{'s' * (len(entries) != 1)} in"
            f" {storage.location}, {total}",
            rows=[_row(entry, with_why=with_why) for entry in entries],
        )


def _row(entry: CatalogueEntry, *, with_why: bool) -> dict[str, Any]:
    manifest, verdict = entry.manifest, entry.verdict
    now = timezone.now()
    age = verified = None
    if manifest is not None:
        age = Span((now - manifest.started_at).total_seconds())
    if verdict is not None and verdict.is_good:
        ago = now - verdict.verified_at
        verified = f"{verdict.level}, {Span(ago.total_seconds())} ago"
    row = {
        "id": entry.id,
        "state": entry.state,
        "age": age,
        "size": Size(entry.size_bytes),
        "kind": manifest and manifest.kind,
        "database": manifest and manifest.alias,
        "verified": verified or "no",
    }
    return row | {"why": entry.why} if with_why else row
