from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.engines.verbs.space.schema import Column
from dbops.monitoring.diagram import page
from dbops.monitoring.schema import LiveTable, describe_tables
from dbops.values import Estimate, Label, Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Section, render_value

TABLE, MERMAID = "table", "mermaid"


class Command(StatesetCommand):
    help = "Show the tables with columns, rows and sizes, or the diagram of the models."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--format",
            choices=(TABLE, MERMAID),
            default=TABLE,
            help="table: what the database has; mermaid: the page docs/schema.md with"
            " its diagrams, from the models (default: %(default)s).",
        )

    def run(self, *, database: str, format: str, **_options: Any) -> Report:  # noqa: A002 -- the option's name in cli.md
        if format == MERMAID:
            text = page()
            return Report(summary="", facts={"page": text}, last_line=text.rstrip())
        tables = describe_tables(alias=database)
        columns = sum(len(each.columns) for each in tables)
        return Report(
            summary=f"{len(tables)} tables with {columns} columns",
            rows=list(map(_row, tables)),
            sections=tuple(map(_section, tables)),
        )

    def print_report(self, report: Report) -> None:
        if report.summary:
            super().print_report(report)
        else:
            self.stdout.write(report.last_line)


def _section(each: LiveTable) -> Section:
    row = _row(each)
    rows, size = render_value(row["rows"]), render_value(row["size"])
    title = f"{row['table']}\n{row['model']}, {rows} rows, {size}"
    return Section(row["columns"], title=title)


def _row(each: LiveTable) -> dict[str, Any]:
    size = each.size
    return {
        "table": str(size.table),
        "model": each.model,
        "rows": Estimate.of(size.rows, is_counted=size.is_counted),
        "size": Size.of(size.total),
        "columns": list(map(_column, each.columns)),
    }


def _column(column: Column) -> dict[str, Any]:
    keys = [word for word, holds in _keys(column) if holds]
    return {
        "column": Label(column.name),
        "type": column.type,
        "null": column.is_nullable,
        "key": ", ".join(keys),
    }


def _keys(column: Column) -> list[tuple[str, bool]]:
    return [
        ("PK", column.is_primary),
        ("unique", column.is_unique and not column.is_primary),
        (f"→{column.references}", bool(column.references)),
    ]
