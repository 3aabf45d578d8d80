"""What the home page says about money."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils import timezone

from finance.models import Invoice
from stateset.lib.tiles import Tile, count_text, list_url


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """Yield the invoices that customers have not paid in time."""
    if not request.user.has_perm("finance.view_invoice"):
        return
    receivable = Invoice.objects.receivable()
    overdue = count_text(receivable.overdue(timezone.now().date()))
    yield Tile(
        "Overdue invoices",
        overdue,
        note=f"{count_text(receivable.unpaid())} are unpaid in all",
        url=list_url(Invoice, preset="overdue"),
        level="ok" if overdue == "0" else "warning",
        order=30,
    )
