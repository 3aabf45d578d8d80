"""What the home page says about returns and claims."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest

from returns.models import ReturnRequest, WarrantyClaim
from stateset.lib.tiles import Tile, list_url


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """Yield the returns that wait for a decision, and the open claims."""
    if request.user.has_perm("returns.view_returnrequest"):
        waiting = ReturnRequest.objects.waiting().count()
        yield Tile(
            "Returns waiting",
            f"{waiting:,}",
            note="for approval",
            url=list_url(ReturnRequest, preset="waiting"),
            level="warning" if waiting else "ok",
            order=40,
        )
    if request.user.has_perm("returns.view_warrantyclaim"):
        claims = WarrantyClaim.objects.open().count()
        yield Tile(
            "Open claims",
            f"{claims:,}",
            note="under warranty",
            url=list_url(WarrantyClaim, preset="open"),
            level="warning" if claims else "ok",
            order=45,
        )
