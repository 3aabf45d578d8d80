"""Undo a receipt: its units leave stock, its line is open again."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from inventory.errors import InsufficientStockError, ReceiptNotReversibleError
from inventory.models import (
    ItemReceipt,
    PurchaseOrderItem,
    ShippingNoticeItem,
)
from inventory.services.procurement.receiving import is_booked, receipt_reference
from inventory.services.procurement.settling import settle_notice, settle_order
from inventory.services.reasons import require_reason
from inventory.services.stock import reverse_received_stock
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status
from stateset.system.services.locks import lock_row


def reverse_receipt(
    receipt: ItemReceipt, *, reason: str, at: datetime | None = None
) -> ItemReceipt:
    """Take a receipt back while its units are still available.

    Raises ReceiptNotReversibleError once some of them are promised or gone.
    """
    require_reason(reason, f"Receipt {receipt} was not reversed.")
    with business_transaction(reason=reason):
        order = receipt.purchase_order
        if order is not None:
            lock_row(order)
        change_status(
            receipt,
            ItemReceipt.Status.REVERSED,
            event_type="item_receipt.reversed",
            at=at,
            payload={
                "reason": reason,
                "sku": receipt.variant.sku,
                "quantity": receipt.quantity,
            },
            status_reason=reason[:255],
        )
        _take_back(receipt, reason=reason, at=at)
        _uncount(receipt)
        if receipt.shipping_notice_item is not None:
            notice = receipt.shipping_notice_item.shipping_notice
            settle_notice(notice, at=at)
        if order is not None:
            settle_order(order, event_type="purchase_order.reopened", at=at)
    return receipt


def _take_back(receipt: ItemReceipt, *, reason: str, at: datetime | None) -> None:
    if not is_booked(receipt):
        return
    try:
        reverse_received_stock(
            variant=receipt.variant,
            location=receipt.location,
            quantity=receipt.quantity,
            unit_cost=receipt.unit_cost,
            reference=receipt_reference(receipt),
            line_id=receipt.pk,
            reason=reason,
            at=at,
        )
    except InsufficientStockError as error:
        (shortage,) = error.shortages
        raise ReceiptNotReversibleError(
            f"Receipt {receipt} was not reversed.",
            why=f"of its {shortage.wanted} units of {shortage.sku} only"
            f" {shortage.available} are still available at {shortage.location}",
            fix="release what they are promised to, or count the stock instead",
        ) from error


def _uncount(receipt: ItemReceipt) -> None:
    """Take the units off the line and off the notice they came on."""
    back = {
        "quantity_received": F("quantity_received") - receipt.quantity,
        "quantity_rejected": F("quantity_rejected") - receipt.quantity_rejected,
        "updated_at": timezone.now(),
    }
    PurchaseOrderItem.objects.filter(receipts=receipt).update(**back)
    ShippingNoticeItem.objects.filter(receipts=receipt).update(**back)
