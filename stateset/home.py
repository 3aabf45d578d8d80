"""The home page: what needs doing, what one did last, a box that finds numbers."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.core.cache import cache
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from stateset.lib.discovery import discover
from stateset.lib.quick_search import Hit, Lookup, look_up
from stateset.lib.tiles import Tile

FRESH_SECONDS = 30
SLOW_SECONDS = 2.0
REST_SECONDS = 300
LAST_ENTRIES = 8
LONGEST_TERM = 255

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """What a term led to: one address to go to, or several to choose from."""

    hits: Sequence[tuple[Hit, str]]

    @property
    def only_url(self) -> str:
        """Return the address of the single hit, "" where there is not exactly one."""
        return self.hits[0][1] if len(self.hits) == 1 else ""


def read_tiles(request: HttpRequest) -> list[Tile]:
    """Return the tiles this user may see, at most half a minute old."""
    key = f"home-tiles:{request.user.pk}"
    kept: list[Tile] | None = cache.get(key)
    if kept is None:
        kept = collect_tiles(request, discover("tiles"))
        cache.set(key, kept, FRESH_SECONDS)
    return kept


def collect_tiles(request: HttpRequest, sources: Iterable[ModuleType]) -> list[Tile]:
    """Ask each app for its tiles; one that fails or is slow shows as unknown.

    A slow source is left in peace for some minutes, so it delays one page, not all.
    """
    tiles: list[Tile] = []
    for source in sources:
        tiles += _tiles_of(request, source)
    return sorted(tiles, key=lambda tile: tile.order)


def recent_activity(request: HttpRequest) -> list[LogEntry]:
    """Return what the user did last through these pages."""
    entries = LogEntry.objects.filter(user__pk=str(request.user.pk))
    return list(entries.select_related("content_type")[:LAST_ENTRIES])


def find(request: HttpRequest, term: str) -> Found:
    """Return the rows whose number or e-mail is ``term`` and the user may see."""
    term = term.strip().replace("\x00", "")[:LONGEST_TERM]
    hits = []
    if term:
        for source in discover("quick_search"):
            lookups: Iterable[Lookup] = source.LOOKUPS
            for lookup in lookups:
                if _may_view(request, lookup.model):
                    hits += [(hit, _url(hit.row)) for hit in look_up(lookup, term)]
    return Found(hits)


def _tiles_of(request: HttpRequest, source: ModuleType) -> list[Tile]:
    resting = f"home-tiles-slow:{source.__name__}"
    if cache.get(resting):
        return [_unknown(source, "takes too long; tried again in a few minutes")]
    started = time.perf_counter()
    try:
        tiles = list(source.tiles(request))
    except Exception:
        # One broken figure must not take the page from everybody.
        logger.exception("The tiles of %s could not be made.", source.__name__)
        return [_unknown(source, "could not be found out; the log says why")]
    took = time.perf_counter() - started
    if took > SLOW_SECONDS:
        logger.warning("The tiles of %s took %.1f s.", source.__name__, took)
        cache.set(resting, 1, REST_SECONDS)
    return tiles


def _unknown(source: ModuleType, note: str) -> Tile:
    app = source.__name__.rpartition(".")[0]
    config = next(config for config in apps.get_app_configs() if config.name == app)
    return Tile(str(config.verbose_name), "Unknown", note, level="unknown", order=999)


def _may_view(request: HttpRequest, model: type[Model]) -> bool:
    model_admin = admin.site._registry.get(model)
    return model_admin is not None and model_admin.has_view_permission(request)


def _url(row: Any) -> str:
    options = row._meta
    name = f"admin:{options.app_label}_{options.model_name}_change"
    return reverse(name, args=[quote(row.pk)])
