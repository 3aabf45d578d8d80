"""The newest backup on the home page: its age, its size, and whether it is proven."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest
from django.utils import timezone

from dbops.backups.catalogue import DAMAGED, CatalogueEntry, latest_entry
from dbops.backups.storage import backup_storage
from dbops.errors import StorageError
from dbops.monitoring.backups import age_status
from dbops.values import Size, Span
from stateset.lib.reports import UNKNOWN
from stateset.lib.tiles import Tile

TITLE = "Last backup"
ORDER = 290


def tiles(_request: HttpRequest) -> Iterator[Tile]:
    """Yield one tile; cost: a listing of the backups and two small files."""
    try:
        entry = latest_entry(backup_storage(), DEFAULT_DB_ALIAS)
    except StorageError as error:
        yield Tile(TITLE, UNKNOWN, note=error.what, level="unknown", order=ORDER)
        return
    yield _tile(entry, timezone.now())


def _tile(entry: CatalogueEntry | None, now: datetime) -> Tile:
    if entry is None:
        return Tile(TITLE, "none", level="critical", order=ORDER)
    if entry.manifest is None or entry.state == DAMAGED:
        return Tile(TITLE, DAMAGED, note=entry.why, level="critical", order=ORDER)
    age = now - entry.manifest.started_at
    proven = "not verified"
    if entry.verdict is not None:
        proven = f"verified ({entry.verdict.level})"
    return Tile(
        TITLE,
        f"{Span(age.total_seconds())} ago",
        note=f"{Size(entry.size_bytes)}, {proven}",
        level=age_status(age),
        order=ORDER,
    )
