"""The proofs of the books, and the seals of the logs: only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from stateset.lib.admin import (
    GOOD,
    PROBLEM,
    DateRangeFilter,
    GuidedAction,
    Preset,
    ReadOnlyAdmin,
    ReasonForm,
    number,
    pill,
    since,
)
from stateset.system.models import IntegrityRun, Seal
from stateset.system.sealing.flow import accept_seals

FINISHED = since("finished_at", label="proven")
SEALED = since("created_at", label="sealed")


@admin.display(description="result")
def result(run: IntegrityRun) -> str:
    """Return what was found, red where a rule is broken."""
    return pill(run.summary, PROBLEM if run.broken_rows else GOOD)


@admin.display(description="rows that break a rule")
def findings(run: IntegrityRun) -> str:
    """Return the rows that a run names as a table."""
    if not run.findings:
        return "none"
    rows = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
        ((row["check"], row["subject"], row["found"]) for row in run.findings),
    )
    left_out = run.broken_rows - len(run.findings)
    more = f"{left_out:,} more: python manage.py check_integrity" if left_out else ""
    return format_html(
        "<table class='changes'><thead><tr><th scope='col'>Rule</th>"
        "<th scope='col'>Row</th><th scope='col'>Found</th></tr></thead>"
        "<tbody>{}</tbody></table>{}",
        rows,
        more,
    )


def _accept(row: Seal, request: HttpRequest, data: Mapping[str, Any]) -> str:
    accepted = accept_seals(reason=data["reason"])
    count = len(accepted)
    return f"{count} finding{'s' * (count != 1)} accepted: {accepted[0]}"


@admin.register(IntegrityRun)
class IntegrityRunAdmin(ReadOnlyAdmin):
    """When the books were proven, and which rows broke a rule."""

    list_display = (
        FINISHED,
        result,
        number("rules"),
        number("broken_rows", label="rows"),
        "asked_by",
    )
    list_filter = (("finished_at", DateRangeFilter),)
    search_fields = ("asked_by__startswith",)
    search_help_text = "Who had them proven"
    ordering = ("-finished_at", "-id")
    presets = (Preset("broken", "Broken", lambda rows: rows.filter(broken_rows__gt=0)),)
    header_columns = (result, FINISHED)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        counts = ("rules", "broken_rules", "broken_rows")
        return (
            (None, {"fields": (counts, "asked_by")}),
            ("What was found", {"fields": (findings,)}),
            ("When", {"fields": (("started_at", "finished_at"),)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), findings)


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin):
    """What the append-only tables held when they were sealed."""

    list_display = (
        "id",
        "table_name",
        number("first_id", label="from"),
        number("last_id", label="to"),
        number("row_count", label="rows"),
        SEALED,
        "reason",
    )
    list_filter = (("created_at", DateRangeFilter),)
    search_fields = ("table_name__exact",)
    search_help_text = "A table: audit_log, events, inventory_transactions"
    ordering = ("-id",)
    guided_actions = (
        GuidedAction(
            "accept",
            "Accept what differs",
            _accept,
            explain="Every range that is not as it was sealed is sealed as it is now,"
            " and what was found stays in the audit log. Do it once you know who"
            " changed it and why.",
            form=ReasonForm,
            permission="system.accept_seal",
            is_dangerous=True,
        ),
    )
