"""The newest backup on the home page, and whether the schedule is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dbops import conf
from dbops.backups.catalogue import DAMAGED, CatalogueEntry, latest_entry
from dbops.backups.storage import backup_storage
from dbops.errors import StorageError
from dbops.monitoring.backups import age_status, check_drills
from dbops.monitoring.results import Status, worst_status
from dbops.recovery.drill_reports import newest_and_proven
from dbops.scheduling.overview import (
    FAILED,
    LATE,
    EntryState,
    schedule_state,
    worst,
)
from dbops.values import Size, Span
from stateset.lib.reports import UNKNOWN
from stateset.lib.tiles import Level, Tile

TITLE = "Last backup"
ORDER = 290
LEVELS: dict[Status, Level] = {
    "ok": "ok",
    "warning": "warning",
    "critical": "critical",
    "unknown": "unknown",
}


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """Yield three tiles; cost: two listings, three small files, five queries."""
    now = timezone.now()
    if request.user.has_perm("dbops.view_backup"):
        url = reverse("admin:database_backups")
        yield replace(_backup_tile(now), url=url)
        yield replace(_drill_tile(now), url=url)
    if request.user.has_perm("dbops.view_scheduledrun"):
        tile = schedule_tile(schedule_state(now), now)
        yield replace(tile, url=reverse("admin:database_schedule"))


def schedule_tile(states: Sequence[EntryState], now: datetime) -> Tile:
    """Return what is wrong with the schedule, or what comes next."""
    title, order = "Schedule", ORDER + 1
    if not conf.has_workers():
        note = "there is no Redis, so nothing runs by itself"
        return Tile(title, "Off", note=note, level="warning", order=order)
    first = worst(states)
    if first is not None and first.state in (FAILED, LATE):
        note = f"{first.entry.name}: {first.why}"
        value = first.state.capitalize()
        return Tile(title, value, note=note, level="critical", order=order)
    nexts = sorted(
        # What comes every few minutes is no news.
        (each.entry.comes_often(now), each.next_slot, each.entry.name)
        for each in states
        if each.next_slot
    )
    if not nexts:
        note = "every entry is switched off"
        return Tile(title, "Off", note=note, level="warning", order=order)
    _, slot, name = nexts[0]
    note = f"next {name} in {Span((slot - now).total_seconds())}"
    return Tile(title, "OK", note=note, level="ok", order=order)


def _backup_tile(now: datetime) -> Tile:
    try:
        entry = latest_entry(backup_storage(), DEFAULT_DB_ALIAS)
    except StorageError as error:
        return Tile(TITLE, UNKNOWN, note=error.what, level="unknown", order=ORDER)
    return _tile(entry, now)


def _drill_tile(now: datetime) -> Tile:
    """Return when all of a backup last came back, and how long that took."""
    title, order = "Last proven restore", ORDER + 2
    try:
        newest, proven = newest_and_proven(backup_storage(), DEFAULT_DB_ALIAS)
    except StorageError as error:
        return Tile(title, UNKNOWN, note=error.what, level="unknown", order=order)
    checks = check_drills(newest, proven, now)
    level = LEVELS[worst_status(checks)]
    if newest is not None and not newest.has_restored:
        note = "the last drill failed"
    elif proven is None:
        note = "nobody knows how long recovery takes"
    else:
        note = f"recovery takes {checks[1].message}"
    if proven is None:
        return Tile(title, "never", note=note, level=level, order=order)
    age = Span((now - proven.began_at).total_seconds())
    return Tile(title, f"{age} ago", note=note, level=level, order=order)


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
