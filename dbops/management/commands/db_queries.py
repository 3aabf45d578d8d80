from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from dbops.engines.verbs.activity import Order
from dbops.engines.verbs.activity.statements import Statement
from dbops.management.choices import count, not_on
from dbops.management.watching import WatchedCommand
from dbops.monitoring.statements import LIMIT, read_statements
from stateset.lib.reports import Report, Row, Section

NONE = "{engine} does not count what is run: APP__LOG_QUERIES logs it here"


class Command(WatchedCommand):
    help = "Show which statements have cost most so far; changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--limit",
            type=count,
            default=LIMIT,
            help="At most so many (default: %(default)s).",
        )
        parser.add_argument(
            "--by",
            choices=("total", "mean"),
            default="total",
            help="Costliest in all, or each time (default: %(default)s).",
        )

    def look(self, *, database: str, limit: int, by: Order, **_options: Any) -> Report:
        found = read_statements(database, by=by, limit=limit)
        if found is None:
            return Report(summary=not_on(database, NONE))
        if found.missing:
            return Report(
                summary=f"No statements are shown: {found.missing}\n"
                f"For a DBA: {found.remedy}",
                facts={"missing": found.missing, "remedy": found.remedy},
                sections=(Section([]),),
            )
        hidden = any(row.query is None for row in found.rows)
        summary = f"{len(found.rows)} statements, the costliest by {by} time first"
        if hidden:
            summary += f"\nTo see other roles' statements: {found.remedy}"
        return Report(
            summary=summary,
            facts={"remedy": found.remedy},
            rows=[asdict(row) for row in found.rows],
            sections=(Section([_row(row) for row in found.rows], below="query"),),
        )


def _row(row: Statement) -> Row:
    return {
        "share": f"{row.share:.1%}",
        "total_ms": f"{row.total_ms:.1f}",
        "mean_ms": f"{row.mean_ms:.2f}",
        "max_ms": f"{row.max_ms:.1f}",
        "calls": row.calls,
        "rows": row.rows,
        "query": row.query or "hidden from this role",
    }
