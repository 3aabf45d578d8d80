"""What the home page says about goods."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils import timezone

from inventory.models import PurchaseOrder, StockLevel
from stateset.lib.tiles import Tile, count_text, list_url


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """Yield what each part of the stock has to say to this user."""
    if request.user.has_perm("inventory.view_stocklevel"):
        yield low_stock()
    if request.user.has_perm("inventory.view_purchaseorder"):
        yield purchase_orders_due()


def low_stock() -> Tile:
    """Return the tile of levels at or below their reorder point."""
    low = count_text(StockLevel.objects.low(timezone.now()))
    return Tile(
        "Low stock",
        low,
        note="at or below the reorder point",
        url=list_url(StockLevel, preset="low"),
        level="ok" if low == "0" else "warning",
        order=110,
    )


def purchase_orders_due() -> Tile:
    """Return the tile of orders whose goods should be here by now."""
    due = count_text(PurchaseOrder.objects.due(timezone.now().date()))
    return Tile(
        "Purchase orders due",
        due,
        note="expected by today and not all here",
        url=list_url(PurchaseOrder, preset="due"),
        level="ok" if due == "0" else "warning",
        order=120,
    )
