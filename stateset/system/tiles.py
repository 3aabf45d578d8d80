"""What the home page says about the proof of the books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from stateset.lib.tiles import Tile, list_url
from stateset.system.models import IntegrityRun

STALE_AFTER = timedelta(hours=36)
"""A night was left out."""

TITLE = "Books"
ORDER = 280


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """Yield what the last proof found; cost: one row by an index."""
    if request.user.has_perm("system.view_integrityrun"):
        yield proof_tile(IntegrityRun.objects.order_by("-finished_at").first())


def proof_tile(run: IntegrityRun | None, *, now: datetime | None = None) -> Tile:
    """Return the tile of the last proof, and how far it can still be relied on."""
    if run is None:
        note = "they are proven each night, and by check_integrity"
        return Tile(
            TITLE, "Not proven yet", note, list_url(IntegrityRun), "neutral", ORDER
        )
    url = reverse("admin:system_integrityrun_change", args=[run.pk])
    note = f"proven {run.finished_at:%-d %b, %H:%M} UTC"
    if run.broken_rows:
        first = run.findings[0]
        note = f"{note}: {first['subject']}, {first['found']}"
        return Tile(TITLE, run.summary, note, url, "critical", ORDER)
    if (now or timezone.now()) - run.finished_at > STALE_AFTER:
        return Tile(TITLE, run.summary, f"{note}, not since", url, "warning", ORDER)
    return Tile(TITLE, run.summary, note, url, "ok", ORDER)
