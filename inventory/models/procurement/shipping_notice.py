"""Advanced shipping notices: what a supplier says is on its way."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from inventory.models.procurement.purchase_order import (
    PurchaseOrder,
    PurchaseOrderItem,
)
from stateset.lib.constraints import check, one_of, positive
from stateset.lib.fields import StatusField
from stateset.lib.models import Document, Record
from stateset.lib.states import Transitions


class ShippingNoticeQuerySet(models.QuerySet["ShippingNotice"]):
    def live(self) -> ShippingNoticeQuerySet:
        """Return the notices whose goods are announced and not all booked yet."""
        return self.filter(status__in=ShippingNotice.LIVE_STATUSES)


class ShippingNoticeStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Announced"
    IN_TRANSIT = "in_transit", "In transit"
    DELIVERED = "delivered", "Delivered"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


class ShippingNotice(Document):
    """One delivery announced for one purchase order."""

    Status = ShippingNoticeStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "draft": {"submitted", "cancelled"},
        "submitted": {"in_transit", "delivered", "cancelled"},
        "in_transit": {"delivered"},
        "delivered": {"completed"},
        # Back again when a receipt on it is reversed.
        "completed": {"delivered"},
    }
    LIVE_STATUSES = (Status.SUBMITTED, Status.IN_TRANSIT, Status.DELIVERED)

    asn_number = models.CharField("number", max_length=32, unique=True, editable=False)
    purchase_order = models.ForeignKey(
        PurchaseOrder, on_delete=models.PROTECT, related_name="shipping_notices"
    )
    status = StatusField(choices=Status, default=Status.DRAFT)
    carrier = models.CharField(max_length=50, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    expected_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    notes = models.TextField(blank=True)

    objects = ShippingNoticeQuerySet.as_manager()

    class Meta:
        db_table = "advanced_shipping_notices"
        db_table_comment = "Deliveries that suppliers announced"
        verbose_name = "shipping notice"
        indexes = [
            models.Index(fields=["status", "expected_at"], name="idx_asn_expected"),
            models.Index(
                fields=["tracking_number"],
                condition=~Q(tracking_number=""),
                # Read by the search for a tracking number.
                name="idx_asn_tracking",
            ),
        ]
        constraints = [
            one_of("status", ShippingNoticeStatus, name="shipping_notice_status_known"),
            check(
                ~Q(status="in_transit")
                | (~Q(tracking_number="") & Q(shipped_at__isnull=False)),
                name="shipping_notice_transit_has_tracking",
                message="A delivery in transit has a tracking number and a date.",
            ),
            check(
                Q(delivered_at__isnull=True)
                | Q(shipped_at__isnull=True)
                | Q(delivered_at__gte=F("shipped_at")),
                name="shipping_notice_delivered_after_shipped",
                message="Goods can't arrive before they were shipped.",
            ),
        ]

    def __str__(self) -> str:
        return self.asn_number


class ShippingNoticeItem(Record):
    """How many of one purchase order line the delivery should hold."""

    shipping_notice = models.ForeignKey(
        ShippingNotice, on_delete=models.CASCADE, db_index=False, related_name="items"
    )
    purchase_order_item = models.ForeignKey(
        PurchaseOrderItem,
        on_delete=models.PROTECT,
        related_name="shipping_notice_items",
    )
    quantity_expected = models.PositiveIntegerField()
    quantity_received = models.PositiveIntegerField(default=0, editable=False)
    quantity_rejected = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        db_table = "advanced_shipping_notice_items"
        db_table_comment = "Lines of announced deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["shipping_notice", "purchase_order_item"],
                name="shipping_notice_item_unique",
                violation_error_message="This line is on the notice already.",
            ),
            positive("quantity_expected", name="shipping_notice_item_positive"),
            check(
                Q(
                    quantity_expected__gte=F("quantity_received")
                    + F("quantity_rejected")
                ),
                name="shipping_notice_item_within",
                message="More can't arrive on a notice than it announced.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shipping_notice}: {self.purchase_order_item}"

    @property
    def open_quantity(self) -> int:
        """Return the units announced and not yet received or rejected."""
        return self.quantity_expected - self.quantity_received - self.quantity_rejected
