"""Item receipts: goods that came in, one row a received line."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from inventory.models.catalogue.product import ProductVariant
from inventory.models.procurement.purchase_order import (
    PurchaseOrder,
    PurchaseOrderItem,
)
from inventory.models.procurement.shipping_notice import ShippingNoticeItem
from inventory.models.procurement.supplier import Supplier
from inventory.models.stock.location import Location
from stateset.lib.constraints import check, currency_code, not_negative, one_of
from stateset.lib.fields import CostField, CurrencyField, StatusField
from stateset.lib.models import Document
from stateset.lib.states import Transitions


class ItemReceiptStatus(models.TextChoices):
    POSTED = "posted", "Posted"
    REVERSED = "reversed", "Reversed"


class ItemReceipt(Document):
    """Units of one variant that came in; posted at once, undone by a reversal."""

    Status = ItemReceiptStatus

    TRANSITIONS: ClassVar[Transitions] = {"posted": {"reversed"}}

    receipt_number = models.CharField(
        "number", max_length=32, db_index=True, editable=False
    )
    purchase_order = models.ForeignKey(
        PurchaseOrder,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="receipts",
    )
    purchase_order_item = models.ForeignKey(
        PurchaseOrderItem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="receipts",
    )
    shipping_notice_item = models.ForeignKey(
        ShippingNoticeItem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="receipts",
    )
    supplier = models.ForeignKey(
        Supplier,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="receipts",
    )
    variant = models.ForeignKey(
        ProductVariant, on_delete=models.PROTECT, related_name="receipts"
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="receipts"
    )
    quantity = models.PositiveIntegerField()
    quantity_rejected = models.PositiveIntegerField(default=0)
    unit_cost = CostField()
    currency = CurrencyField()
    status = StatusField(choices=Status, default=Status.POSTED)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    received_at = models.DateTimeField(default=timezone.now)
    received_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="receipts",
    )
    notes = models.TextField(blank=True)

    class Meta:
        db_table = "item_receipts"
        db_table_comment = "Goods that came in, one row a received line"
        indexes = [
            models.Index(fields=["-received_at"], name="idx_receipts_received"),
        ]
        constraints = [
            one_of("status", ItemReceiptStatus, name="item_receipt_status_known"),
            currency_code(name="item_receipt_currency_code"),
            not_negative("unit_cost", name="item_receipt_cost_not_negative"),
            check(
                Q(quantity__gt=0) | Q(quantity_rejected__gt=0),
                name="item_receipt_something_came",
                message="A receipt needs a received or a rejected quantity.",
            ),
            check(
                Q(purchase_order_item__isnull=True) | Q(purchase_order__isnull=False),
                name="item_receipt_line_has_order",
                message="A receipt for a line names its purchase order.",
            ),
        ]

    def __str__(self) -> str:
        return self.receipt_number
