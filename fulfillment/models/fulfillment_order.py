"""Fulfilment orders: what one location has to pick and pack for an order."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from inventory.models import Location
from orders.models import Order
from stateset.lib.constraints import one_of
from stateset.lib.fields import StatusField
from stateset.lib.models import Document
from stateset.lib.states import Transitions


class FulfillmentOrderQuerySet(models.QuerySet["FulfillmentOrder"]):
    def open(self) -> FulfillmentOrderQuerySet:
        """Return what the warehouse has still to do."""
        return self.filter(status__in=FulfillmentOrder.OPEN_STATUSES)

    def to_pick(self) -> FulfillmentOrderQuerySet:
        """Return what nobody picks yet."""
        return self.open().filter(status=FulfillmentOrder.Status.PENDING)

    def late(self, at: datetime) -> FulfillmentOrderQuerySet:
        """Return the open ones whose ship-by time has passed."""
        return self.open().filter(ship_by__lt=at)


class FulfillmentOrderStatus(models.TextChoices):
    PENDING = "pending", "To pick"
    PICKING = "picking", "Picking"
    PACKED = "packed", "Packed"
    SHIPPED = "shipped", "Shipped"
    CANCELLED = "cancelled", "Cancelled"


class FulfillmentOrder(Document):
    """The part of an order that one location picks, packs and ships.

    Its lines are the stock allocations that refer to it, by order line.
    """

    Status = FulfillmentOrderStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "pending": {"picking", "cancelled"},
        "picking": {"pending", "packed", "cancelled"},
        "packed": {"shipped", "cancelled"},
    }
    OPEN_STATUSES = (Status.PENDING, Status.PICKING, Status.PACKED)

    fulfillment_number = models.CharField(
        "number", max_length=32, unique=True, editable=False
    )
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="fulfillment_orders"
    )
    location = models.ForeignKey(
        Location,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="fulfillment_orders",
    )
    status = StatusField(choices=Status, default=Status.PENDING)
    priority = models.PositiveSmallIntegerField(
        default=0, help_text="Higher is picked first."
    )
    assigned_to = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fulfillment_orders",
    )
    ship_by = models.DateTimeField(null=True, blank=True)
    picking_started_at = models.DateTimeField(null=True, editable=False)
    packed_at = models.DateTimeField(null=True, editable=False)
    shipped_at = models.DateTimeField(null=True, editable=False)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    notes = models.TextField(blank=True)

    objects = FulfillmentOrderQuerySet.as_manager()

    class Meta:
        db_table = "fulfillment_orders"
        db_table_comment = "What a location has to pick and pack for an order"
        verbose_name = "fulfilment order"
        indexes = [
            models.Index(
                fields=["location", "status", "-priority", "created_at"],
                name="idx_fulfillment_queue",
            ),
            models.Index(
                fields=["ship_by"],
                condition=Q(status__in=("pending", "picking", "packed")),
                # Read by the list of late fulfilment orders.
                name="idx_fulfillment_ship_by",
            ),
        ]
        constraints = [
            one_of(
                "status", FulfillmentOrderStatus, name="fulfillment_order_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.fulfillment_number
