"""What the pages about backups share."""

from __future__ import annotations

from functools import wraps

from django.db import DEFAULT_DB_ALIAS
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from dbops import conf
from dbops.backups import catalogue
from dbops.backups.catalogue import CatalogueEntry
from dbops.backups.storage import backup_storage
from dbops.errors import StorageError
from stateset.lib.admin.pages import View

MAY_ACT = "dbops.create_backup"
MAKING, VERIFYING, DRILLING = "backup-by-hand", "verify-by-hand", "drill-by-hand"


def or_the_list(view: View) -> View:
    """Go to the list where the backups cannot be read: it says why."""

    @wraps(view)
    def show(request: HttpRequest, **arguments: str) -> HttpResponse:
        try:
            return view(request, **arguments)
        except StorageError:
            return HttpResponseRedirect(reverse("admin:database_backups"))

    return show


def crumbs_to(entry: CatalogueEntry | None = None) -> list[tuple[str, str]]:
    """Return the way back to the list, and to one backup."""
    crumbs = [("Backups", reverse("admin:database_backups"))]
    if entry is not None:
        crumbs.append((entry.id, reverse("admin:database_backup", args=[entry.id])))
    return crumbs


def patience() -> str:
    """Return what to say where the page does itself what is asked for."""
    if conf.has_workers():
        return ""
    return " There are no workers: this page waits until it is done."


def find_entry(backup_id: str) -> CatalogueEntry:
    """Return one backup of the database, or raise Http404."""
    entry = catalogue.find_entry(backup_storage(), backup_id)
    if entry is None or not _is_ours(entry):
        raise Http404
    return entry


def _is_ours(entry: CatalogueEntry) -> bool:
    return entry.manifest is None or entry.manifest.alias == DEFAULT_DB_ALIAS
