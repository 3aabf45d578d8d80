"""The pages of the backups, read from where they lie, and the buttons to make more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from dbops import conf
from dbops.backups import catalogue
from dbops.backups.catalogue import (
    COMPLETE,
    DAMAGED,
    INCOMPLETE,
    CatalogueEntry,
)
from dbops.backups.holds import read_pins
from dbops.backups.making_up import Lack
from dbops.backups.manifest import Manifest
from dbops.backups.overview import Overview, overview
from dbops.backups.prune import place_of
from dbops.backups.retention import Kept
from dbops.backups.storage import Places, backup_places, backup_storage
from dbops.errors import StorageError
from dbops.models import ScheduledRun
from dbops.values import Size, Took
from dbops.views.asking import ask_workers
from dbops.views.backup_parts import (
    DRILLING,
    MAKING,
    MAY_ACT,
    VERIFYING,
    crumbs_to,
    find_entry,
    or_the_list,
    patience,
)
from dbops.views.drills import Drills, read_drills
from stateset.lib import admin
from stateset.lib.admin.columns import time_tag
from stateset.lib.admin.pages import PageAction, ask_and_do, show_page
from stateset.lib.admin.refusals import sentences

SHOWN = 50
ACTIONS = ("verify", "drill", "pin", "unpin")
COLOURS = {COMPLETE: admin.GOOD, DAMAGED: admin.PROBLEM, INCOMPLETE: admin.WAITING}


def show_backups(request: HttpRequest) -> HttpResponse:
    """Show the newest backups; cost: two listings, two small reads for each of all."""
    refused = ""
    drills = Drills([])
    shown = Overview([], [], [], {})
    location = ""
    try:
        storage = backup_storage()
        location = storage.location
        shown = overview()
        refused = "; ".join(shown.unread)
        drills = read_drills(storage)
    except StorageError as error:
        refused = sentences(error)
    names = (MAKING, VERIFYING, DRILLING)
    asked = ScheduledRun.objects.filter(name__in=names).first()
    # All copies of a backup beside each other, in the order of the places.
    found = sorted(shown.kept, key=lambda each: each.entry.id, reverse=True)
    trends = _trends(each.entry for each in found)
    return show_page(
        request,
        "dbops/backups.html",
        title="Backups",
        refused=refused,
        location=location,
        rows=[
            _row(each.entry, drills)
            | {"kept": _fate(each), "trend": trends.get(place_of(each), "")}
            for each in found[:SHOWN]
        ],
        drills=drills.rows,
        proven=drills.proven,
        count=len({each.entry.id for each in found}),
        has_places=len(conf.backup_locations()) > 1,
        missing=_missing(shown.lacks),
        total=Size(sum(each.entry.size_bytes for each in found)),
        is_cut=len(found) > SHOWN,
        may_act=request.user.has_perm(MAY_ACT),
        asked=asked,
        asked_at=asked and time_tag(asked.slot),
    )


@or_the_list
def show_backup(request: HttpRequest, backup_id: str) -> HttpResponse:
    """Show what one backup holds, how it was made and what proves it."""
    entry = find_entry(backup_id)
    manifest = entry.manifest
    storage = backup_storage()
    drills = read_drills(storage)
    pin = read_pins(storage).get(entry.id)
    return show_page(
        request,
        "dbops/backup.html",
        title=f"Backup {entry.id}",
        crumbs=crumbs_to(),
        row=_row(entry, drills),
        copies=_copies(entry.id),
        pin=pin,
        pinned_at=pin and time_tag(pin.at),
        drills=drills.of(entry.id),
        checks=entry.verdict.checks.items() if entry.verdict else [],
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
        f" stop working meanwhile.{patience()}",
        form=admin.ReasonForm,
    )
    return ask_and_do(request, action, title="Back up now", crumbs=crumbs_to())


@or_the_list
def verify(request: HttpRequest, backup_id: str) -> HttpResponse:
    """Ask, then have the workers read the backup to its end."""
    entry = find_entry(backup_id)

    def perform(request: HttpRequest, _data: Mapping[str, Any]) -> str:
        arguments = {"backup_id": entry.id}
        return ask_workers(request, VERIFYING, "dbops.verify_backup", arguments)

    action = PageAction(
        "Verify",
        MAY_ACT,
        perform,
        explain="The backup is read to its end by the tools that would restore it."
        f"{patience()}",
        refusal="" if entry.manifest else "it has no manifest that can be read",
        facts=[("Size", Size(entry.size_bytes))],
    )
    crumbs = crumbs_to(entry)
    return ask_and_do(request, action, title=f"Verify {entry.id}", crumbs=crumbs)


def _fate(verdict: Kept) -> str:
    """Return why a copy is kept, or that the next pruning deletes it."""
    return verdict.why if verdict.is_kept else f"will be deleted: {verdict.why}"


def _missing(lacks: Iterable[Lack]) -> list[tuple[str, int]]:
    """Return which locations lack how many of the backups that others have."""
    return sorted(Counter(lack.kept.entry.location for lack in lacks).items())


def _copies(backup_id: str) -> list[dict[str, Any]]:
    """Return where a backup lies, if there are several places; one may be away."""
    if len(conf.backup_locations()) == 1:
        return []
    places = Places(backup_places())
    copies = places.each(lambda place: catalogue.find_entry(place, backup_id))
    away = [
        {"location": name, "why": error.why} for name, error in places.missed.items()
    ]
    return [_copy(entry) for entry in copies if entry is not None] + away


def _copy(entry: CatalogueEntry) -> dict[str, Any]:
    verdict = entry.verdict
    return {
        "location": entry.location,
        "pill": admin.pill(entry.state.capitalize(), COLOURS[entry.state]),
        "why": entry.why,
        "level": verdict.level if verdict and verdict.is_good else "",
        "verified": time_tag(verdict.verified_at) if verdict else "",
    }


def _trends(entries: Iterable[CatalogueEntry]) -> dict[tuple[str, str], str]:
    """Return by how much each good copy is larger than the one before it there."""
    good: dict[str, list[CatalogueEntry]] = {}
    for entry in entries:
        if entry.state == COMPLETE and entry.size_bytes:
            good.setdefault(entry.location, []).append(entry)
    return {
        (entry.location, entry.id): (
            f"{(entry.size_bytes / before.size_bytes - 1) * 100:+.1f} %"
        )
        for there in good.values()
        for entry, before in pairwise(there)
    }


def _row(entry: CatalogueEntry, drills: Drills) -> dict[str, Any]:
    manifest, verdict = entry.manifest, entry.verdict
    return {
        "id": entry.id,
        "location": entry.location,
        "url": reverse("admin:database_backup", args=[entry.id]),
        "pill": admin.pill(entry.state.capitalize(), COLOURS[entry.state]),
        "why": entry.why,
        "age": time_tag(manifest.started_at) if manifest else "unknown",
        "size": Size(entry.size_bytes),
        "kind": manifest.kind if manifest else "unknown",
        "rows": f"{manifest.rows:,}" if manifest else "unknown",
        "reason": manifest.reason if manifest else "",
        "level": verdict.level if verdict and verdict.is_good else "",
        "verified": time_tag(verdict.verified_at) if verdict else "",
        "took": Took(_seconds(manifest)) if manifest else "unknown",
        "drill": next(iter(drills.of(entry.id)), None),
        **{
            f"{name}_url": reverse(f"admin:database_backup_{name}", args=[entry.id])
            for name in ACTIONS
        },
    }


def _seconds(manifest: Manifest) -> float:
    return (manifest.finished_at - manifest.started_at).total_seconds()


def _tables(manifest: Manifest) -> list[tuple[str, str]]:
    return [
        (name, f"{rows:,}") for name, rows in sorted(manifest.contents.tables.items())
    ]


def _facts(manifest: Manifest) -> list[tuple[str, Any]]:
    contents = manifest.contents
    return [
        ("Database", contents.database),
        ("Began", f"{manifest.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Took", Took(_seconds(manifest))),
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
