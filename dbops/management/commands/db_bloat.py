from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.engines.verbs.space.bloat import Bloat, BloatFacts
from dbops.management.choices import add_limit, noted
from dbops.management.watching import WatchedCommand
from dbops.monitoring.bloat import emptiest, measure_bloat
from dbops.values import Label, NarrowSize, Size
from stateset.lib.reports import Report, Section, render_value

NAMED = 5


class Command(WatchedCommand):
    help = "Show how much room of tables and indexes is empty."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_limit(parser)
        parser.add_argument(
            "--exact",
            metavar="TABLE",
            help="Measure one table and its indexes, by reading them whole.",
        )

    def look(
        self, *, database: str, limit: int, exact: str | None, **_options: Any
    ) -> Report:
        found = measure_bloat(alias=database, table=exact)
        relations = emptiest(found.relations)
        unknown = [each for each in relations if each.bloat is None]
        tables = [each for each in relations if not each.index]
        indexes = [each for each in relations if each.index]
        rows = [_row("table", str(each.table), each) for each in tables[:limit]]
        further = [_row("index", each.index, each) for each in indexes[:limit]]
        notes = _notes(found, unknown)
        empty = _sum(relations)
        summary = f"{render_value(empty)} empty in {len(tables)} tables and"
        summary += f" {len(indexes)} indexes"
        if unknown:
            summary += f", {len(unknown)} unknown"
        if found.free is not None:
            summary += f"; {Size(found.free)} in free pages"
        return Report(
            summary=summary,
            facts={
                "empty": empty,
                "free": found.free,
                "unknown": len(unknown),
                "indexes": further,
                "notes": notes,
            },
            rows=rows,
            sections=(Section(rows), Section(further, title="indexes"), noted(notes)),
            exit_code=1 if exact and unknown else 0,
        )


def _sum(relations: list[Bloat]) -> Size | None:
    """Return what is known to be empty; nothing known is not nothing empty."""
    known = [each.bloat for each in relations if each.bloat is not None]
    return Size(sum(known)) if known or not relations else None


def _row(kind: str, name: str, each: Bloat) -> dict[str, Any]:
    percent = None
    if each.bloat is not None:
        percent = round(100 * each.bloat / each.size) if each.size else 0
    return {
        kind: Label(name),
        "size": NarrowSize.of(each.size),
        "empty": NarrowSize.of(each.bloat),
        "percent": percent,
        "certainty": each.certainty,
    }


def _notes(found: BloatFacts, unknown: list[Bloat]) -> list[str]:
    notes = []
    for note in sorted({each.note for each in unknown}):
        names = [each.index or str(each.table) for each in unknown if each.note == note]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        notes.append(f"Unknown ({note}): {', '.join(names[:NAMED])}{more}.")
    if any(each.bloat for each in found.relations):
        notes.append(f"To win room back: {found.hint}.")
    return notes
