"""What is asked of the lines of a purchase order before goods move on them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from inventory.errors import NotReceivableError, UnknownLineError
from inventory.models import PurchaseOrder, PurchaseOrderItem

RECEIVABLE = (
    PurchaseOrder.Status.ORDERED,
    PurchaseOrder.Status.PARTIALLY_RECEIVED,
)


def require_receivable(order: PurchaseOrder, refused: str) -> None:
    """Raise NotReceivableError unless goods are expected for ``order``."""
    if order.status in RECEIVABLE:
        return
    raise NotReceivableError(
        refused,
        why=f"purchase order {order} is {order.get_status_display().lower()}",
        fix="goods come in on orders that were sent and are not all received",
    )


def require_lines_of(
    order: PurchaseOrder, item_ids: Iterable[UUID]
) -> dict[UUID, PurchaseOrderItem]:
    """Return the named lines of ``order``; raise UnknownLineError for others."""
    wanted = set(item_ids)
    found = {
        item.pk: item
        for item in order.items.filter(pk__in=wanted).select_related("variant")
    }
    strangers = wanted - set(found)
    if strangers:
        raise UnknownLineError(
            f"Nothing was done for purchase order {order}.",
            why=f"{len(strangers)} of the {len(wanted)} lines named are not its own",
            fix="reload the page; the lines may have changed",
        )
    return found
