"""The pages of the backups, read from where they lie, and the buttons to make more."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from dbops import conf
from dbops.backups.catalogue import (
    COMPLETE,
    DAMAGED,
    INCOMPLETE,
    CatalogueEntry,
    list_entries_of,
)
from dbops.backups.manifest import Manifest
from dbops.backups.prune import explain_backups
from dbops.backups.retention import Kept
from dbops.backups.storage import backup_storage
from dbops.errors import StorageError
from dbops.models import ScheduledRun
from dbops.values import Size, Span
from dbops.views.asking import ask_workers
from stateset.lib import admin
from stateset.lib.admin.columns import time_tag
from stateset.lib.admin.pages import PageAction, View, ask_and_do, show_page
from stateset.lib.admin.refusals import sentences

MAY_ACT = "dbops.create_backup"
MAKING, VERIFYING = "backup-by-hand", "verify-by-hand"
SHOWN = 50
COLOURS = {COMPLETE: admin.GOOD, DAMAGED: admin.PROBLEM, INCOMPLETE: admin.WAITING}


def show_backups(request: HttpRequest) -> HttpResponse:
    """Show the newest backups; cost: a listing, and two small reads for each of all."""
    refused = ""
    found: list[Kept] = []
    location = ""
    try:
        storage = backup_storage()
        location = storage.location
        found = explain_backups(DEFAULT_DB_ALIAS)
    except StorageError as error:
        refused = sentences(error)
    asked = ScheduledRun.objects.filter(name__in=(MAKING, VERIFYING)).first()
    return show_page(
        request,
        "dbops/backups.html",
        title="Backups",
        refused=refused,
        location=location,
        rows=[_row(each.entry) | {"kept": each.why} for each in found[:SHOWN]],
        count=len(found),
        total=Size(sum(each.entry.size_bytes for each in found)),
        is_cut=len(found) > SHOWN,
        may_act=request.user.has_perm(MAY_ACT),
        asked=asked,
        asked_at=asked and time_tag(asked.slot),
    )


def _or_the_list(view: View) -> View:
    """Go to the list where the backups cannot be read: it says why."""

    @wraps(view)
    def show(request: HttpRequest, backup_id: str) -> HttpResponse:
        try:
            return view(request, backup_id=backup_id)
        except StorageError:
            return HttpResponseRedirect(reverse("admin:database_backups"))

    return show


@_or_the_list
def show_backup(request: HttpRequest, backup_id: str) -> HttpResponse:
    """Show what one backup holds, how it was made and what proves it."""
    entry = _entry(backup_id)
    manifest = entry.manifest
    return show_page(
        request,
        "dbops/backup.html",
        title=f"Backup {entry.id}",
        crumbs=_crumbs(),
        row=_row(entry),
        facts=_facts(manifest) if manifest else [],
        manifest=manifest,
        tables=_tables(manifest) if manifest else [],
        migrations=manifest.contents.migrations if manifest else [],
        may_act=request.user.has_perm(MAY_ACT) and manifest is not None,
    )


def make_backup(request: HttpRequest) -> HttpResponse:
    """Ask why, then have the workers back up the database."""

    def perform(request: HttpRequest, data: Mapping[str, Any]) -> str:
        arguments = {"reason": data["reason"]}
        return ask_workers(request, MAKING, "dbops.create_backup", arguments)

    action = PageAction(
        "Back up now",
        MAY_ACT,
        perform,
        explain="The database is backed up and the backup is verified. Nobody has to"
        f" stop working meanwhile.{_patience()}",
        form=admin.ReasonForm,
    )
    return ask_and_do(request, action, title="Back up now", crumbs=_crumbs())


@_or_the_list
def verify(request: HttpRequest, backup_id: str) -> HttpResponse:
    """Ask, then have the workers read the backup to its end."""
    entry = _entry(backup_id)

    def perform(request: HttpRequest, _data: Mapping[str, Any]) -> str:
        arguments = {"backup_id": entry.id}
        return ask_workers(request, VERIFYING, "dbops.verify_backup", arguments)

    action = PageAction(
        "Verify",
        MAY_ACT,
        perform,
        explain="The backup is read to its end by the tools that would restore it."
        f"{_patience()}",
        refusal="" if entry.manifest else "it has no manifest that can be read",
        facts=[("Size", Size(entry.size_bytes))],
    )
    url = reverse("admin:database_backup", args=[entry.id])
    crumbs = [*_crumbs(), (entry.id, url)]
    return ask_and_do(request, action, title=f"Verify {entry.id}", crumbs=crumbs)


def _crumbs() -> list[tuple[str, str]]:
    return [("Backups", reverse("admin:database_backups"))]


def _patience() -> str:
    if conf.has_workers():
        return ""
    return " There are no workers: this page waits until it is done."


def _entry(backup_id: str) -> CatalogueEntry:
    for entry in list_entries_of(backup_storage(), DEFAULT_DB_ALIAS):
        if entry.id == backup_id:
            return entry
    raise Http404


def _row(entry: CatalogueEntry) -> dict[str, Any]:
    manifest, verdict = entry.manifest, entry.verdict
    return {
        "id": entry.id,
        "url": reverse("admin:database_backup", args=[entry.id]),
        "verify_url": reverse("admin:database_backup_verify", args=[entry.id]),
        "pill": admin.pill(entry.state.capitalize(), COLOURS[entry.state]),
        "why": entry.why,
        "age": time_tag(manifest.started_at) if manifest else "unknown",
        "size": Size(entry.size_bytes),
        "kind": manifest.kind if manifest else "unknown",
        "rows": f"{manifest.rows:,}" if manifest else "unknown",
        "reason": manifest.reason if manifest else "",
        "level": verdict.level if verdict and verdict.is_good else "",
        "verified": time_tag(verdict.verified_at) if verdict else "",
    }


def _tables(manifest: Manifest) -> list[tuple[str, str]]:
    return [
        (name, f"{rows:,}") for name, rows in sorted(manifest.contents.tables.items())
    ]


def _facts(manifest: Manifest) -> list[tuple[str, Any]]:
    contents = manifest.contents
    took = (manifest.finished_at - manifest.started_at).total_seconds()
    return [
        ("Database", contents.database),
        ("Began", f"{manifest.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Took", Span(took) if took >= 1 else f"{took:.1f}s"),
        ("Stored", Size(manifest.stored.size_bytes)),
        ("Unpacked", Size(manifest.plain.size_bytes)),
        ("Packed by", str(manifest.compression)),
        ("File", manifest.file_name),
        ("Server", f"{manifest.engine} {contents.server_version}"),
        ("Client", contents.client_version),
        ("StateSet", manifest.app_version),
        ("Django", manifest.django_version),
        ("Environment", manifest.environment),
        ("Made on", manifest.host),
        ("SHA-256", manifest.stored.sha256),
    ]
