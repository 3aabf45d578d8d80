"""What the home page says about returns and claims."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest

from returns.models import ReturnRequest, WarrantyClaim
from stateset.lib.tiles import Tile, count_text, list_url


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """Yield the returns that wait for a decision, and the open claims."""
    if request.user.has_perm("returns.view_returnrequest"):
        waiting = count_text(ReturnRequest.objects.waiting())
        yield Tile(
            "Returns waiting",
            waiting,
            note="for approval",
            url=list_url(ReturnRequest, preset="waiting"),
            level="ok" if waiting == "0" else "warning",
            order=40,
        )
    if request.user.has_perm("returns.view_warrantyclaim"):
        claims = count_text(WarrantyClaim.objects.open())
        yield Tile(
            "Open claims",
            claims,
            note="under warranty",
            url=list_url(WarrantyClaim, preset="open"),
            level="ok" if claims == "0" else "warning",
            order=45,
        )
