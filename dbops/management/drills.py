"""A recovery drill as a command tells it."""

from __future__ import annotations

from typing import Any

from dbops.recovery.drill_reports import PASSED, DrillReport
from dbops.values import Span, Took
from stateset.lib.reports import Report, Row, Section


def report_drill(drill: DrillReport) -> Report:
    """Return the steps with their seconds, the checks, and whether all is well."""
    rows = [*map(_step_row, drill.steps)]
    checks = [
        {
            "check": look.name,
            "result": "ok" if not look.flaws else f"{len(look.flaws)} wrong",
            "looked_at": look.looked_at,
            "flaws": "; ".join(look.flaws),
        }
        for look in drill.looks
    ]
    return Report(
        summary=summarise(drill),
        facts={**facts_of(drill), "checks": [dict(check) for check in checks]},
        rows=rows,
        sections=[
            Section(rows, title="What each step took"),
            Section(checks, title="What was checked", below="flaws"),
            Section(_kept_rows(drill), title="The restored database stays"),
        ],
        exit_code=0 if drill.state == PASSED else 1,
    )


def summarise(drill: DrillReport) -> str:
    """Return in one line what came of a drill."""
    if drill.state == PASSED:
        took = f"{Took(drill.total_seconds)} of {Span(drill.budget_seconds)} allowed"
        return f"{drill.backup_id} came back whole in {took}"
    what = drill.what.rstrip(".")
    return f"Drill {drill.state}: {what} ({drill.why}); {drill.fix}"


def facts_of(drill: DrillReport) -> dict[str, Any]:
    """Return the figures of a drill, for scripts."""
    return {
        "id": drill.id,
        "backup": drill.backup_id,
        "state": drill.state,
        "seconds": drill.total_seconds,
        "budget_seconds": drill.budget_seconds,
        "row_count": drill.rows,
        "why": drill.why,
        "kept": drill.kept,
        "removal": drill.removal,
    }


def _step_row(step: tuple[str, str, float]) -> Row:
    name, meaning, seconds = step
    return {"step": name, "seconds": seconds, "what": meaning}


def _kept_rows(drill: DrillReport) -> list[Row]:
    if not drill.kept:
        return []
    return [
        {"what": "name", "is": drill.kept},
        {"what": "remove it with", "is": drill.removal},
    ]
