"""The pages of the recovery drills, read from where their reports lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from dbops import conf
from dbops.backups.catalogue import is_stored
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.recovery.drill_reports import (
    FAILED,
    PASSED,
    SLOW,
    DrillReport,
    read_reports,
)
from dbops.values import Size, Span, Took
from dbops.views.asking import ask_workers
from dbops.views.backup_parts import (
    DRILLING,
    MAY_ACT,
    crumbs_to,
    find_entry,
    or_the_list,
    patience,
)
from stateset.lib import admin
from stateset.lib.admin.columns import time_tag
from stateset.lib.admin.pages import PageAction, ask_and_do, show_page

SHOWN = 5
COLOURS = {PASSED: admin.GOOD, SLOW: admin.WAITING, FAILED: admin.PROBLEM}


@dataclass(frozen=True)
class Drills:
    """The drills of the database, newest first, as the pages show them."""

    reports: Sequence[DrillReport]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The newest ones."""
        return [_row(report) for report in self.reports[:SHOWN]]

    @property
    def proven(self) -> dict[str, Any] | None:
        """The last one in which all came back."""
        found = (report for report in self.reports if report.has_restored)
        report = next(found, None)
        return None if report is None else _row(report)

    def of(self, backup_id: str) -> list[dict[str, Any]]:
        """Return those of one backup."""
        return [_row(each) for each in self.reports if each.backup_id == backup_id]


def read_drills(storage: BackupStorage) -> Drills:
    """Return the drills of the database; cost: a small read for each."""
    return Drills(read_reports(storage, DEFAULT_DB_ALIAS))


@or_the_list
def show_drill(request: HttpRequest, drill_id: str) -> HttpResponse:
    """Show what a drill has measured and checked."""
    storage = backup_storage()
    found = (each for each in read_drills(storage).reports if each.id == drill_id)
    report = next(found, None)
    if report is None:
        raise Http404
    return show_page(
        request,
        "dbops/drill.html",
        title=f"Drill of {report.began_at:%Y-%m-%d %H:%M} UTC",
        crumbs=crumbs_to(),
        report=report,
        row=_row(report),
        is_backup_there=is_stored(storage, report.backup_id),
        steps=[_step(report, *each) for each in report.steps],
        looks=[(look, _result(look.flaws)) for look in report.looks],
        facts=list(_facts(report)),
    )


@or_the_list
def drill(request: HttpRequest, backup_id: str) -> HttpResponse:
    """Ask why, then have the workers restore the backup on trial."""
    entry = find_entry(backup_id)

    def perform(request: HttpRequest, data: Mapping[str, Any]) -> str:
        arguments = {"backup_id": entry.id, "reason": data["reason"]}
        return ask_workers(request, DRILLING, "dbops.recovery_drill", arguments)

    action = PageAction(
        "Try a restore",
        MAY_ACT,
        perform,
        explain="The backup is restored into a scratch database, checked, measured, and"
        " removed again. The live database is not touched, and nobody has to stop"
        f" working; the server has work to do.{patience()}",
        form=admin.ReasonForm,
        refusal="" if entry.manifest else "it has no manifest that can be read",
        facts=[
            ("Size", Size(entry.size_bytes)),
            ("Allowed", Span(conf.recovery_budget().total_seconds())),
        ],
    )
    title = f"Try a restore of {entry.id}"
    return ask_and_do(request, action, title=title, crumbs=crumbs_to(entry))


def _row(report: DrillReport) -> dict[str, Any]:
    return {
        "id": report.id,
        "url": reverse("admin:database_drill", args=[report.id]),
        "backup_id": report.backup_id,
        "backup_url": reverse("admin:database_backup", args=[report.backup_id]),
        "pill": admin.pill(report.state.capitalize(), COLOURS[report.state]),
        "when": time_tag(report.began_at),
        "took": Took(report.total_seconds),
        "allowed": Span(report.budget_seconds),
        "why": report.why,
        "is_failed": report.state == FAILED,
        "is_slow": report.state == SLOW,
    }


def _step(
    report: DrillReport, name: str, meaning: str, seconds: float
) -> dict[str, Any]:
    share = seconds / report.total_seconds if report.total_seconds else 0
    return {
        "name": name,
        "meaning": meaning,
        "took": Took(seconds),
        "seconds": seconds,
        "share": f"{share:.0%}",
    }


def _result(flaws: Sequence[str]) -> SafeString:
    if flaws:
        return admin.pill(f"{len(flaws)} wrong", admin.PROBLEM)
    return admin.pill("OK", admin.GOOD)


def _facts(report: DrillReport) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = [
        (
            "Asked for by",
            f"{report.who}" + (f": {report.reason}" if report.reason else ""),
        ),
        ("Done on", f"{report.host}, {report.engine}"),
    ]
    if report.backup_from is not None:
        facts.append(("Backup of", f"{report.backup_from:%Y-%m-%d %H:%M:%S} UTC"))
    if report.rows is not None:
        facts.append(("Rows", f"{report.rows:,}"))
    if report.size_bytes is not None:
        facts.append(("Unpacked", Size(report.size_bytes)))
    if report.kept:
        facts.append(("Left for a look as", report.kept))
        facts.append(("Remove it with", report.removal))
    return facts
