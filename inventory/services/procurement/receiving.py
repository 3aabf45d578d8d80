"""Book goods that came in: receipts, stock, and what the order still has open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from inventory.errors import (
    InvalidDateError,
    InvalidQuantityError,
    NotReceivableError,
    QuantityNotOpenError,
    UnknownLineError,
)
from inventory.models import (
    ItemReceipt,
    Location,
    ProductVariant,
    PurchaseOrder,
    PurchaseOrderItem,
    ReferenceType,
    ShippingNotice,
    ShippingNoticeItem,
    StockLevel,
    Supplier,
)
from inventory.services.procurement.lines import require_lines_of, require_receivable
from inventory.services.procurement.notices import mark_notice_delivered
from inventory.services.procurement.settling import settle_notice, settle_order
from inventory.services.stock import Reference, receive_stock
from inventory.services.stock.demands import require_cost, require_quantity
from stateset.lib.journal import business_transaction
from stateset.system.services import next_number, record_event
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import lock_row

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far ahead the clock of whoever tells the time may be."""


@dataclass(frozen=True)
class _Delivery:
    """What came in on one line: units kept and units turned away."""

    item: PurchaseOrderItem
    good: int
    rejected: int
    notice_item: ShippingNoticeItem | None

    @property
    def units(self) -> int:
        return self.good + self.rejected


def receive_purchase_order(
    order: PurchaseOrder,
    *,
    quantities: Mapping[UUID, int],
    rejected: Mapping[UUID, int] | None = None,
    location: Location | None = None,
    shipping_notice: ShippingNotice | None = None,
    notes: str = "",
    at: datetime | None = None,
) -> list[ItemReceipt]:
    """Book one delivery: ``quantities`` into stock, ``rejected`` on paper only.

    Both are by line; together they never pass what a line has open. The receipts
    of one delivery share a number. Rejected units stay open on the order, for the
    supplier to send again.
    """
    refused = f"Nothing was received on purchase order {order}."
    with business_transaction(reason="goods received"):
        lock_row(order)
        require_receivable(order, refused)
        if shipping_notice is not None:
            _open_notice(order, shipping_notice, refused, at=at)
        deliveries = _deliveries(
            order, quantities, rejected or {}, shipping_notice, refused
        )
        for delivery in deliveries:
            _count(delivery, refused)
        receipts = _book(
            order, deliveries, location=location or order.ship_to, notes=notes, at=at
        )
        if shipping_notice is not None:
            settle_notice(shipping_notice, at=at)
        settle_order(order, event_type="purchase_order.received", at=at)
    return receipts


def receive_opening_stock(
    *,
    variant: ProductVariant,
    location: Location,
    quantity: int,
    unit_cost: Decimal,
    supplier: Supplier | None = None,
    notes: str = "",
    at: datetime | None = None,
) -> ItemReceipt:
    """Book stock that was there before the books began, or came without an order."""
    require_quantity(quantity)
    require_cost(unit_cost)
    with business_transaction(reason="stock received without an order"):
        receipt = ItemReceipt(
            receipt_number=next_number("RCV", at=at),
            supplier=supplier,
            variant=variant,
            location=location,
            quantity=quantity,
            unit_cost=unit_cost,
            currency=variant.currency,
            notes=notes,
        )
        return _post(receipt, at=at)


def receipt_reference(receipt: ItemReceipt) -> Reference:
    """Return what the ledger rows of this receipt refer to."""
    if receipt.purchase_order_id is None:
        return Reference(ReferenceType.OPENING, receipt.pk)
    return Reference(ReferenceType.ITEM_RECEIPT, receipt.pk)


def is_booked(receipt: ItemReceipt) -> bool:
    """Return whether the receipt brings units that stock is kept of."""
    return receipt.quantity > 0 and receipt.variant.is_stocked


def _open_notice(
    order: PurchaseOrder,
    notice: ShippingNotice,
    refused: str,
    *,
    at: datetime | None,
) -> None:
    """Lock the notice the goods came on; booking them says that they arrived."""
    lock_row(notice)
    if notice.purchase_order_id != order.pk:
        raise UnknownLineError(
            refused,
            why=f"shipping notice {notice} belongs to {notice.purchase_order}",
            fix="receive it on its own order",
        )
    if notice.status not in ShippingNotice.LIVE_STATUSES:
        raise NotReceivableError(
            refused,
            why=f"shipping notice {notice} is {notice.get_status_display().lower()}",
            fix="receive the goods without the notice",
        )
    if notice.status != ShippingNotice.Status.DELIVERED:
        mark_notice_delivered(notice, at=at)


def _deliveries(
    order: PurchaseOrder,
    quantities: Mapping[UUID, int],
    rejected: Mapping[UUID, int],
    notice: ShippingNotice | None,
    refused: str,
) -> list[_Delivery]:
    if any(units < 0 for units in (*quantities.values(), *rejected.values())):
        raise InvalidQuantityError(
            refused,
            why="a quantity is below zero",
            fix="give 0 or more; reverse a receipt to take units out again",
        )
    came = {key for given in (quantities, rejected) for key, n in given.items() if n}
    if not came:
        raise InvalidQuantityError(
            refused, why="every quantity is 0", fix="enter what came in"
        )
    announced: dict[UUID, ShippingNoticeItem] = {}
    if notice is not None:
        announced = {item.purchase_order_item_id: item for item in notice.items.all()}
    lines = require_lines_of(order, came)
    return [
        _Delivery(
            item=line,
            good=quantities.get(key, 0),
            rejected=rejected.get(key, 0),
            notice_item=(
                _announced_line(announced, line, notice, refused) if notice else None
            ),
        )
        for key, line in lines.items()
    ]


def _announced_line(
    announced: Mapping[UUID, ShippingNoticeItem],
    line: PurchaseOrderItem,
    notice: ShippingNotice,
    refused: str,
) -> ShippingNoticeItem:
    if line.pk in announced:
        return announced[line.pk]
    raise QuantityNotOpenError(
        refused,
        why=f"{line.variant.sku} is not on shipping notice {notice}",
        fix="receive it on the order, without the notice",
    )


def _count(delivery: _Delivery, refused: str) -> None:
    """Add the units to the line and to its notice, if both have them open."""
    now = timezone.now()
    item = delivery.item
    counted = PurchaseOrderItem.objects.filter(
        pk=item.pk, quantity_ordered__gte=F("quantity_received") + delivery.units
    ).update(
        quantity_received=F("quantity_received") + delivery.good,
        quantity_rejected=F("quantity_rejected") + delivery.rejected,
        updated_at=now,
    )
    if not counted:
        raise QuantityNotOpenError(
            refused,
            why=f"{delivery.units} of {item.variant.sku} came,"
            f" {item.open_quantity} are open on line {item.line_number}",
            fix="receive at most what is open; order the rest first",
        )
    notice_item = delivery.notice_item
    if notice_item is None:
        return
    counted = ShippingNoticeItem.objects.filter(
        pk=notice_item.pk,
        quantity_expected__gte=F("quantity_received")
        + F("quantity_rejected")
        + delivery.units,
    ).update(
        quantity_received=F("quantity_received") + delivery.good,
        quantity_rejected=F("quantity_rejected") + delivery.rejected,
        updated_at=now,
    )
    if not counted:
        raise QuantityNotOpenError(
            refused,
            why=f"{delivery.units} of {item.variant.sku} came,"
            f" {notice_item.open_quantity} are open on the shipping notice",
            fix="receive the rest on the order, without the notice",
        )


def _book(
    order: PurchaseOrder,
    deliveries: list[_Delivery],
    *,
    location: Location,
    notes: str,
    at: datetime | None,
) -> list[ItemReceipt]:
    number = next_number("RCV", at=at)
    receipts = [
        ItemReceipt(
            receipt_number=number,
            purchase_order=order,
            purchase_order_item=delivery.item,
            shipping_notice_item=delivery.notice_item,
            supplier_id=order.supplier_id,
            variant=delivery.item.variant,
            location=location,
            quantity=delivery.good,
            quantity_rejected=delivery.rejected,
            unit_cost=delivery.item.unit_cost,
            currency=order.currency,
            notes=notes,
        )
        for delivery in deliveries
    ]
    # Stock levels are locked in primary-key order, as everywhere; a new one can't
    # be waited for by others.
    keys = dict(
        StockLevel.objects.filter(
            location=location, variant__in=[receipt.variant_id for receipt in receipts]
        ).values_list("variant_id", "pk")
    )
    receipts.sort(key=lambda receipt: str(keys.get(receipt.variant_id, "~")))
    return [_post(receipt, at=at) for receipt in receipts]


def _post(receipt: ItemReceipt, *, at: datetime | None) -> ItemReceipt:
    """Save the receipt and book its units, once, under its own key."""
    if at is not None and at > timezone.now() + CLOCKS_DIFFER:
        raise InvalidDateError(
            "Nothing was received.",
            why=f"{at:%Y-%m-%d %H:%M %Z} is still to come",
            fix="give the time at which the goods came",
        )
    receipt.received_at = at or timezone.now()
    receipt.received_by_id = acting_user_id()
    receipt.save(force_insert=True)
    if is_booked(receipt):
        receive_stock(
            variant=receipt.variant,
            location=receipt.location,
            quantity=receipt.quantity,
            unit_cost=receipt.unit_cost,
            reference=receipt_reference(receipt),
            line_id=receipt.pk,
            at=at,
            idempotency_key=f"receipt:{receipt.pk}",
        )
    record_event(
        receipt,
        "item_receipt.posted",
        {
            "receipt_number": receipt.receipt_number,
            "sku": receipt.variant.sku,
            "quantity": receipt.quantity,
            "quantity_rejected": receipt.quantity_rejected,
            "unit_cost": receipt.unit_cost,
        },
        at=at,
    )
    return receipt
