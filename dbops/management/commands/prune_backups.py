from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.prune import (
    UNFINISHED,
    WHOLE,
    Pruned,
    place_of,
    plan_pruning,
    prune_backups,
)
from dbops.backups.retention import Kept
from dbops.management.choices import add_location, chosen
from dbops.values import Ago, Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Section


class Command(StatesetCommand):
    help = "Show which backups are kept and why; with --apply, delete the others."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--apply", action="store_true", help="Delete what the plan does not keep."
        )
        add_location(parser, "Prune")

    def acts(self, *, apply: bool, **_options: Any) -> bool:
        return apply

    def run(
        self, *, database: str, apply: bool, location: str | None, **_options: Any
    ) -> Report:
        if apply:
            return _done(prune_backups(database, chosen(location)))
        plan = plan_pruning(database, chosen(location))
        going = [each for each in plan if not each.is_kept]
        return Report(
            summary=f"{_counted(going, plan)} would be deleted, {_size(going)}"
            + (": add --apply to do it" if going else ""),
            rows=[_row(each, "delete") for each in plan],
            sections=_sections([_row(each, "delete") for each in plan]),
        )


def _done(pruned: Pruned) -> Report:
    refused = len(pruned.refused)
    rows = [
        _row(each, "refused" if place_of(each) in pruned.refused else "deleted")
        | {"refusal": pruned.refused.get(place_of(each), "")}
        for each in pruned.plan
    ]
    rows += [
        _other(place, what, why)
        for (place, what), why in pruned.refused.items()
        if what in (UNFINISHED, WHOLE)
    ]
    return Report(
        summary=f"{_counted(pruned.deleted, pruned.plan)} deleted,"
        f" {_size(pruned.deleted)}" + (f"; {refused} refused" if refused else ""),
        facts={"refused": refused, "unfinished_uploads_ended": pruned.unfinished},
        rows=rows,
        sections=_sections(rows),
        exit_code=1 if refused else 0,
    )


def _sections(rows: list[dict[str, Any]]) -> list[Section]:
    """Return a table for each location; a title where there are several."""
    places = list(dict.fromkeys(row["location"] for row in rows))
    return [
        Section(
            [_shown(row) for row in rows if row["location"] == place],
            title=place if len(places) > 1 else "",
            below="refusal",
        )
        for place in places
    ]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "location"}


def _row(kept: Kept, verb: str) -> dict[str, Any]:
    entry = kept.entry
    return {
        "id": entry.id,
        "location": entry.location,
        "do": "keep" if kept.is_kept else verb,
        "made": entry.manifest and Ago.of(entry.manifest.started_at),
        "size": Size(entry.size_bytes),
        "why": kept.why,
    }


def _other(place: str, what: str, refusal: str) -> dict[str, Any]:
    """Return a row for what was refused and is no backup."""
    return {
        "id": what,
        "location": place,
        "do": "refused",
        "made": None,
        "size": None,
        "why": "begun more than a day ago" if what == UNFINISHED else "not read",
        "refusal": refusal,
    }


def _counted(some: list[Kept], plan: Any) -> str:
    return f"{len(some)} of {len(plan)} backup{'s' * (len(plan) != 1)}"


def _size(some: list[Kept]) -> Size:
    return Size(sum(each.entry.size_bytes for each in some))
