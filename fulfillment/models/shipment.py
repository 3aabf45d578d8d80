"""Shipments: parcels, what is in them, and where carriers saw them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from fulfillment.models.fulfillment_order import FulfillmentOrder
from inventory.models import Location, StockAllocation
from orders.models import Order, OrderItem
from stateset.lib.constraints import (
    check,
    currency_code,
    not_negative,
    one_of,
    positive,
)
from stateset.lib.fields import CurrencyField, MoneyField, StatusField
from stateset.lib.models import Document, LogRow, Record
from stateset.lib.states import Transitions


class ShipmentQuerySet(models.QuerySet["Shipment"]):
    def to_send(self) -> ShipmentQuerySet:
        """Return the parcels that wait for the carrier."""
        return self.filter(
            status__in=Shipment.NOT_LEFT_STATUSES,
            direction=Shipment.Direction.OUTBOUND,
        )

    def expected(self) -> ShipmentQuerySet:
        """Return the customers' parcels that are not here yet."""
        return self.filter(
            status__in=(*Shipment.NOT_LEFT_STATUSES, *Shipment.UNDER_WAY_STATUSES),
            direction=Shipment.Direction.INBOUND,
        )

    def under_way(self) -> ShipmentQuerySet:
        """Return the shipments that left and have not arrived."""
        return self.filter(status__in=Shipment.UNDER_WAY_STATUSES)

    def late(self, at: datetime) -> ShipmentQuerySet:
        """Return the shipments under way whose estimated delivery has passed."""
        return self.under_way().filter(estimated_delivery_at__lt=at)


class ShipmentStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    READY_TO_SHIP = "ready_to_ship", "Ready to ship"
    SHIPPED = "shipped", "Shipped"
    IN_TRANSIT = "in_transit", "In transit"
    OUT_FOR_DELIVERY = "out_for_delivery", "Out for delivery"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Delivery failed"
    RETURNED = "returned", "Returned to sender"
    CANCELLED = "cancelled", "Cancelled"


class ShipmentDirection(models.TextChoices):
    OUTBOUND = "outbound", "To customer"
    INBOUND = "inbound", "From customer"


class Shipment(Document):
    """One consignment to (or back from) a customer; only shipping moves stock."""

    Status = ShipmentStatus
    Direction = ShipmentDirection

    TRANSITIONS: ClassVar[Transitions] = {
        "pending": {"ready_to_ship", "cancelled"},
        "ready_to_ship": {"shipped", "cancelled"},
        "shipped": {"in_transit", "out_for_delivery", "delivered", "failed"},
        "in_transit": {"out_for_delivery", "delivered", "failed"},
        "out_for_delivery": {"delivered", "failed"},
        "failed": {"in_transit", "out_for_delivery", "delivered", "returned"},
    }
    NOT_LEFT_STATUSES = (Status.PENDING, Status.READY_TO_SHIP)
    UNDER_WAY_STATUSES = (
        Status.SHIPPED,
        Status.IN_TRANSIT,
        Status.OUT_FOR_DELIVERY,
        Status.FAILED,
    )

    shipment_number = models.CharField(
        "number", max_length=32, unique=True, editable=False
    )
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments")
    fulfillment_order = models.ForeignKey(
        FulfillmentOrder,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="shipments",
    )
    direction = models.CharField(
        max_length=8, choices=Direction, default=Direction.OUTBOUND, editable=False
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="shipments"
    )
    status = StatusField(choices=Status, default=Status.PENDING)
    carrier = models.CharField(max_length=50, blank=True)
    service = models.CharField(max_length=50, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    ship_to = models.JSONField(default=dict, editable=False)
    package_count = models.PositiveSmallIntegerField(default=1)
    weight_grams = models.PositiveIntegerField(null=True, blank=True)
    currency = CurrencyField()
    shipping_cost = MoneyField()
    shipped_at = models.DateTimeField(null=True, editable=False)
    estimated_delivery_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, editable=False)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    notes = models.TextField(blank=True)

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        db_table = "shipments"
        db_table_comment = "Consignments to and from customers"
        indexes = [
            models.Index(
                fields=["status", "-created_at"], name="idx_shipments_status_created"
            ),
            models.Index(
                fields=["estimated_delivery_at"],
                condition=Q(
                    status__in=("shipped", "in_transit", "out_for_delivery", "failed")
                ),
                # Read by the tile and the list of late shipments.
                name="idx_shipments_estimated",
            ),
            models.Index(
                fields=["tracking_number"],
                condition=~Q(tracking_number=""),
                # Read by the search for a tracking number.
                name="idx_shipments_tracking_number",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["carrier", "tracking_number"],
                condition=~Q(tracking_number=""),
                name="shipment_tracking_unique",
                violation_error_message="A shipment has this tracking number already.",
            ),
            one_of("status", ShipmentStatus, name="shipment_status_known"),
            one_of("direction", ShipmentDirection, name="shipment_direction_known"),
            currency_code(name="shipment_currency_code"),
            not_negative("shipping_cost", name="shipment_cost_not_negative"),
            positive("package_count", name="shipment_packages_positive"),
            positive("weight_grams", name="shipment_weight_positive"),
            check(
                Q(status__in=("pending", "ready_to_ship", "cancelled"))
                | Q(shipped_at__isnull=False),
                name="shipment_shipped_has_time",
                message="A shipment that left has the time it left.",
            ),
            check(
                Q(delivered_at__isnull=True) | Q(delivered_at__gte=F("shipped_at")),
                name="shipment_delivered_after_shipped",
                message="A shipment can't arrive before it left.",
            ),
        ]

    def __str__(self) -> str:
        return self.shipment_number


class ShipmentItem(Record):
    """How many of one order line are in a shipment."""

    shipment = models.ForeignKey(
        Shipment, on_delete=models.CASCADE, db_index=False, related_name="items"
    )
    order_item = models.ForeignKey(
        OrderItem, on_delete=models.PROTECT, related_name="shipment_items"
    )
    allocation = models.ForeignKey(
        StockAllocation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="shipment_items",
    )
    quantity = models.PositiveIntegerField()

    class Meta:
        db_table = "shipment_items"
        db_table_comment = "What is in each shipment"
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "order_item"],
                name="shipment_item_unique",
                violation_error_message="This order line is in the shipment already.",
            ),
            positive("quantity", name="shipment_item_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_item}"


class TrackingEventSource(models.TextChoices):
    CARRIER = "carrier", "Carrier"
    MANUAL = "manual", "By hand"


class TrackingEvent(LogRow):
    """One scan by a carrier; late or repeated scans are kept, not applied."""

    Source = TrackingEventSource

    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, db_index=False, related_name="tracking"
    )
    carrier_event_id = models.CharField(max_length=100, blank=True)
    status = StatusField(choices=Shipment.Status)
    description = models.CharField(max_length=255, blank=True)
    place = models.CharField(max_length=255, blank=True)
    source = models.CharField(max_length=10, choices=Source, default=Source.CARRIER)
    is_applied = models.BooleanField("moved the shipment", default=False)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "shipment_tracking"
        db_table_comment = "Where carriers saw shipments; append-only"
        verbose_name = "tracking event"
        indexes = [
            models.Index(
                fields=["shipment", "-occurred_at"], name="idx_tracking_shipment"
            ),
            models.Index(fields=["-occurred_at"], name="idx_tracking_occurred"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "carrier_event_id"],
                condition=~Q(carrier_event_id=""),
                name="tracking_event_unique",
                violation_error_message="This scan was recorded already.",
            ),
            one_of("status", Shipment.Status, name="tracking_status_known"),
            one_of("source", TrackingEventSource, name="tracking_source_known"),
        ]

    def __str__(self) -> str:
        return f"{self.shipment} {self.status}"
