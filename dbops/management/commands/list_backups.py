from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.making_up import Lack, MadeUp
from dbops.backups.overview import Overview, overview
from dbops.backups.prune import WHOLE
from dbops.backups.retention import Kept
from dbops.backups.storage import BackupStorage
from dbops.management.choices import add_location, chosen
from dbops.recovery.rebuild import Rebuilt
from dbops.recovery.rebuild import rebuild as rebuild_from_storage
from dbops.values import Age, Ago, NarrowSize, Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Section

SHOWN = ("id", "state", "verified", "made", "size", "kind", "kept", "why")
MISSING = "missing"


class Command(StatesetCommand):
    help = "List the backups, newest first: their state, and why each is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        add_location(parser, "List those at")
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="Then give each location the journal, pins and drill reports of the"
            " others, and the audit of the database what it lacks of the journal.",
        )
        parser.add_argument(
            "--copy-missing",
            action="store_true",
            help="Before, copy to each location the backups that it missed and would"
            " keep, from where they are good.",
        )

    def acts(self, *, copy_missing: bool, rebuild: bool, **_options: Any) -> bool:
        return copy_missing or rebuild

    def run(
        self,
        *,
        database: str,
        location: str | None,
        rebuild: bool,
        copy_missing: bool,
        **_options: Any,
    ) -> Report:
        found = overview(database, chosen(location), copy_missing=copy_missing)
        rebuilt = rebuild_from_storage(database) if rebuild else None
        return _report(found, rebuilt)


def _report(found: Overview, rebuilt: Rebuilt | None) -> Report:
    made_up, lacks = found.made_up, found.lacks
    has_places = len(found.places) > 1
    return Report(
        summary="; ".join(
            [
                _counted(found.places, found.kept),
                *found.unread,
                *_lacking(lacks),
                *(_told_of_copies(made_up) if made_up else ()),
                *([_told(rebuilt)] if rebuilt else ()),
            ]
        ),
        facts={
            **({"lacking": list(map(_copy, lacks))} if has_places else {}),
            **({"missed": dict(found.missed)} if found.missed else {}),
            **(_facts(made_up) if made_up else {}),
            **({"rebuilt": asdict(rebuilt)} if rebuilt else {}),
        },
        rows=[_row(each) for each in found.kept],
        sections=list(_sections(found.places, found.kept, lacks)),
        exit_code=1 if found.missed or (made_up and made_up.refused) else 0,
    )


def _counted(places: Sequence[BackupStorage], plan: list[Kept]) -> str:
    entries = [each.entry for each in plan]
    count = len({entry.id for entry in entries})
    total = Size(sum(entry.size_bytes for entry in entries))
    doubtful = sum(bool(each.manifest and each.manifest.doubt) for each in entries)
    return (
        f"{count} backup{'s' * (count != 1)} in"
        f" {' and '.join(place.location for place in places)}, {total}"
        + (f"; {doubtful} not trusted" if doubtful else "")
    )


def _lacking(lacks: list[Lack]) -> Iterator[str]:
    if lacks:
        yield f"{_summed(lacks)} missing: --copy-missing"


def _told_of_copies(made_up: MadeUp) -> Iterator[str]:
    yield f"{_summed(made_up.copied)} copied"
    for (location, backup_id), why in made_up.refused.items():
        yield f"{'nothing' if backup_id == WHOLE else backup_id} to {location}: {why}"


def _summed(lacks: Sequence[Lack]) -> str:
    return f"{len(lacks)} ({Size(sum(lack.size_bytes for lack in lacks))})"


def _facts(made_up: MadeUp) -> dict[str, Any]:
    return {
        "copied": list(map(_copy, made_up.copied)),
        "not_copied": [
            {"location": location, "id": backup_id, "why": why}
            for (location, backup_id), why in made_up.refused.items()
        ],
    }


def _copy(lack: Lack) -> dict[str, Any]:
    location, backup_id = lack.copy
    return {"location": location, "id": backup_id, "sources": lack.sources}


def _told(rebuilt: Rebuilt) -> str:
    told = f"journal: {rebuilt.copied} copied"
    if rebuilt.untold:
        return f"{told}, the audit was not told: {rebuilt.untold}"
    return f"{told}, {rebuilt.replayed} told to the audit"


def _sections(
    places: Sequence[BackupStorage], plan: list[Kept], lacks: list[Lack]
) -> Iterator[Section]:
    """Yield a table for each location; a title where there are several."""
    for place in places:
        rows = [_row(each) for each in plan if each.entry.location == place.name]
        rows += [
            _missing(lack) for lack in lacks if lack.kept.entry.location == place.name
        ]
        rows.sort(key=lambda row: str(row["id"]), reverse=True)
        shown = [{key: row[key] for key in SHOWN} for row in rows]
        title = f"{place.name}: {place.location}" if len(places) > 1 else ""
        if shown:
            yield Section(shown, title=title, below="why")


def _missing(lack: Lack) -> dict[str, Any]:
    why = f"it is at {', '.join(lack.sources)}: --copy-missing copies it"
    return {**_row(lack.kept), "state": MISSING, "verified": "no", "why": why}


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
