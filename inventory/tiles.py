"""What the home page says about goods."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils import timezone

from inventory.models import PurchaseOrder, StockLevel
from stateset.lib.tiles import Tile, list_url

COUNT_CAP = 10_000


def tiles(request: HttpRequest) -> Iterator[Tile]:
    """Yield what each part of the stock has to say to this user."""
    if request.user.has_perm("inventory.view_stocklevel"):
        yield low_stock()
    if request.user.has_perm("inventory.view_purchaseorder"):
        yield purchase_orders_due()


def low_stock() -> Tile:
    """Return the tile of levels at or below their reorder point."""
    low = StockLevel.objects.low().order_by().values("pk")[: COUNT_CAP + 1].count()
    return Tile(
        "Low stock",
        f"{COUNT_CAP:,}+" if low > COUNT_CAP else f"{low:,}",
        note="at or below the reorder point",
        url=list_url(StockLevel, preset="low"),
        level="warning" if low else "ok",
        order=110,
    )


def purchase_orders_due() -> Tile:
    """Return the tile of orders whose goods should be here by now."""
    due = PurchaseOrder.objects.due(timezone.now().date())
    found = due.order_by().values("pk")[: COUNT_CAP + 1].count()
    return Tile(
        "Purchase orders due",
        f"{COUNT_CAP:,}+" if found > COUNT_CAP else f"{found:,}",
        note="expected by today and not all here",
        url=list_url(PurchaseOrder, preset="due"),
        level="warning" if found else "ok",
        order=120,
    )
