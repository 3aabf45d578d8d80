from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.prune import explain_backups
from dbops.backups.retention import Kept
from dbops.backups.storage import BackupStorage, backup_places
from dbops.management.choices import add_location, chosen
from dbops.recovery.rebuild import Rebuilt
from dbops.recovery.rebuild import rebuild as rebuild_from_storage
from dbops.values import Age, Ago, NarrowSize, Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Section

SHOWN = ("id", "state", "verified", "made", "size", "kind", "kept", "why")


class Command(StatesetCommand):
    help = "List the backups, newest first: their state, and why each is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        add_location(parser, "List those at")
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="Then give each location the journal of the others, and the audit of"
            " the database what it lacks of it.",
        )

    def run(
        self,
        *,
        database: str,
        location: str | None,
        rebuild: bool,
        **_options: Any,
    ) -> Report:
        places = backup_places(chosen(location))
        plan = explain_backups(database, chosen(location))
        entries = [each.entry for each in plan]
        count = len({entry.id for entry in entries})
        total = Size(sum(entry.size_bytes for entry in entries))
        doubtful = sum(bool(each.manifest and each.manifest.doubt) for each in entries)
        rebuilt = rebuild_from_storage(database) if rebuild else None
        return Report(
            summary=f"{count} backup{'s' * (count != 1)} in"
            f" {' and '.join(place.location for place in places)}, {total}"
            + (f"; {doubtful} not trusted" if doubtful else "")
            + (_told(rebuilt) if rebuilt else ""),
            facts={"rebuilt": asdict(rebuilt)} if rebuilt else {},
            rows=[_row(each) for each in plan],
            sections=list(_sections(places, plan)),
        )


def _told(rebuilt: Rebuilt) -> str:
    told = f"; journal: {rebuilt.copied} copied"
    if rebuilt.untold:
        return f"{told}, the audit was not told: {rebuilt.untold}"
    return f"{told}, {rebuilt.replayed} told to the audit"


def _sections(places: list[BackupStorage], plan: list[Kept]) -> Iterator[Section]:
    """Yield a table for each location; a title where there are several."""
    for place in places:
        rows = [_row(each) for each in plan if each.entry.location == place.name]
        shown = [{key: row[key] for key in SHOWN} for row in rows]
        title = f"{place.name}: {place.location}" if len(places) > 1 else ""
        if shown:
            yield Section(shown, title=title, below="why")


def _row(kept: Kept) -> dict[str, Any]:
    entry = kept.entry
    manifest, verdict = entry.manifest, entry.verdict
    return {
        "id": entry.id,
        "location": entry.location,
        "state": entry.state,
        "made": manifest and Age.of(manifest.started_at),
        "size": NarrowSize(entry.size_bytes),
        "kind": manifest and manifest.kind,
        "kept": kept.short,
        "kept_why": kept.why,
        "verified": verdict.level if verdict and verdict.is_good else "no",
        "verified_at": Ago.of(verdict.verified_at) if verdict else "",
        "signed_by": manifest.signed_by if manifest else "",
        "is_trusted": manifest is not None and not manifest.doubt,
        "why": entry.why,
    }
