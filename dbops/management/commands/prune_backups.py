from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.prune import UNFINISHED, Pruned, plan_pruning, prune_backups
from dbops.backups.retention import Kept
from dbops.values import Ago, Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Section


class Command(StatesetCommand):
    help = "Show which backups are kept and why; with --apply, delete the others."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--apply", action="store_true", help="Delete what the plan does not keep."
        )

    def run(self, *, database: str, apply: bool, **_options: Any) -> Report:
        if apply:
            return _done(prune_backups(database))
        plan = plan_pruning(database)
        going = [each for each in plan if not each.is_kept]
        return Report(
            summary=f"{_counted(going, plan)} would be deleted, {_size(going)}"
            + (": add --apply to do it" if going else ""),
            rows=[_row(each, "delete") for each in plan],
        )


def _done(pruned: Pruned) -> Report:
    refused = len(pruned.refused)
    rows = [
        _row(each, "refused" if each.entry.id in pruned.refused else "deleted")
        | {"refusal": pruned.refused.get(each.entry.id, "")}
        for each in pruned.plan
    ]
    if UNFINISHED in pruned.refused:
        rows.append(_unfinished(pruned.refused[UNFINISHED]))
    return Report(
        summary=f"{_counted(pruned.deleted, pruned.plan)} deleted,"
        f" {_size(pruned.deleted)}" + (f"; {refused} refused" if refused else ""),
        facts={"refused": refused, "unfinished_uploads_ended": pruned.unfinished},
        rows=rows,
        sections=[Section(rows, below="refusal")] if rows else [],
        exit_code=1 if refused else 0,
    )


def _row(kept: Kept, verb: str) -> dict[str, Any]:
    entry = kept.entry
    return {
        "id": entry.id,
        "do": "keep" if kept.is_kept else verb,
        "made": entry.manifest and Ago.of(entry.manifest.started_at),
        "size": Size(entry.size_bytes),
        "why": kept.why,
    }


def _unfinished(refusal: str) -> dict[str, Any]:
    return {
        "id": UNFINISHED,
        "do": "refused",
        "made": None,
        "size": None,
        "why": "begun more than a day ago",
        "refusal": refusal,
    }


def _counted(some: list[Kept], plan: Any) -> str:
    return f"{len(some)} of {len(plan)} backup{'s' * (len(plan) != 1)}"


def _size(some: list[Kept]) -> Size:
    return Size(sum(each.entry.size_bytes for each in some))
