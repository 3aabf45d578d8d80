from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.engines.verbs.space.sizes import Sizes, TableSize
from dbops.management.choices import add_limit, noted
from dbops.management.watching import WatchedCommand
from dbops.monitoring.sizes import by_app, measure_sizes
from dbops.values import Estimate, Label, NarrowSize, Size
from stateset.lib.reports import Report, Section


class Command(WatchedCommand):
    help = "Show how big the database, its tables and each app's share are."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_limit(parser)

    def look(self, *, database: str, limit: int, **_options: Any) -> Report:
        sizes = measure_sizes(alias=database)
        parts = {name: Size(size) for name, size in sizes.parts.items()}
        further = "".join(f", {name} {size}" for name, size in parts.items())
        rows = _rows(sizes, limit)
        apps = _apps(sizes)
        notes = _notes(sizes)
        return Report(
            summary=f"{sizes.database}: {Size(sizes.size)} in {len(sizes.tables)}"
            f" tables{further}",
            facts={
                "database": sizes.database,
                "size": Size(sizes.size),
                **parts,
                "apps": apps,
                "notes": notes,
            },
            rows=rows,
            sections=(Section(rows), Section(apps, title="apps"), noted(notes)),
        )


def _rows(sizes: Sizes, limit: int) -> list[dict[str, Any]]:
    """Return the biggest tables; the column toast is left out where none has one."""
    hidden = (
        set() if any(each.toast is not None for each in sizes.tables) else {"toast"}
    )
    return [
        {name: value for name, value in _row(each).items() if name not in hidden}
        for each in sizes.tables[:limit]
    ]


def _row(each: TableSize) -> dict[str, Any]:
    return {
        "table": Label(each.table),
        "rows": Estimate.of(each.rows, is_counted=each.is_counted),
        "heap": NarrowSize.of(each.heap),
        "indexes": NarrowSize.of(each.indexes),
        "toast": NarrowSize.of(each.toast),
        "total": NarrowSize.of(each.total),
    }


def _apps(sizes: Sizes) -> list[dict[str, Any]]:
    return [
        {
            "app": each.app,
            "tables": each.tables,
            "total": Size.of(each.total),
        }
        for each in by_app(sizes.tables)
    ]


def _notes(sizes: Sizes) -> list[str]:
    notes = []
    if any(not each.is_counted for each in sizes.tables):
        notes.append(
            "Rows with ~ are the planner's estimate of the last vacuum or analyze; a"
            " table that never had one is unknown."
        )
    for note in sorted({each.note for each in sizes.tables if each.note}):
        tables = [str(each.table) for each in sizes.tables if each.note == note]
        notes.append(f"Not measured, {note}: {', '.join(tables)}.")
    return notes
