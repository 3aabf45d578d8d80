"""Promises of stock: reservations (soft, may expire) and allocations (hard)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from inventory.models.stock.level import StockLevel
from inventory.models.stock.references import ReferenceType
from stateset.lib.constraints import check, one_of, positive
from stateset.lib.fields import StatusField
from stateset.lib.models import Document
from stateset.lib.states import Transitions


class ReservationQuerySet(models.QuerySet["StockReservation"]):
    def active(self) -> ReservationQuerySet:
        """Return the reservations that still hold stock."""
        return self.filter(status=StockReservation.Status.ACTIVE)

    def expired(self, at: datetime) -> ReservationQuerySet:
        """Return the active reservations whose time ran out at ``at``."""
        return self.active().filter(expires_at__lt=at)


class StockReservationStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    FULFILLED = "fulfilled", "Fulfilled"
    RELEASED = "released", "Released"
    EXPIRED = "expired", "Expired"


class StockReservation(Document):
    """Stock promised to one line of one document, not yet tied to a pick.

    ``quantity`` = still open + moved on to allocations + released.
    """

    Status = StockReservationStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "active": {"fulfilled", "released", "expired"},
    }

    level = models.ForeignKey(
        StockLevel,
        on_delete=models.PROTECT,
        db_column="inventory_id",
        related_name="reservations",
    )
    reference_type = models.CharField(max_length=32, choices=ReferenceType)
    reference_id = models.UUIDField()
    reference_line_id = models.UUIDField()
    quantity = models.PositiveIntegerField()
    quantity_fulfilled = models.PositiveIntegerField(default=0)
    quantity_released = models.PositiveIntegerField(default=0)
    status = StatusField(choices=Status, default=Status.ACTIVE)
    expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.CharField(max_length=255, blank=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        db_table = "inventory_reservations"
        db_table_comment = "Stock promised to a document line, not yet picked"
        indexes = [
            models.Index(
                fields=["reference_type", "reference_id"],
                name="idx_reservations_reference",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(status="active", expires_at__isnull=False),
                # Read by the job that expires reservations.
                name="idx_reservations_expires_at",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["level", "reference_type", "reference_id", "reference_line_id"],
                condition=Q(status="active"),
                name="reservation_one_active",
                violation_error_message="This line has a reservation here already.",
            ),
            one_of("status", StockReservationStatus, name="reservation_status_known"),
            one_of("reference_type", ReferenceType, name="reservation_reference_known"),
            positive("quantity", name="reservation_quantity_positive"),
            check(
                Q(quantity__gte=F("quantity_fulfilled") + F("quantity_released")),
                name="reservation_within_quantity",
                message="Fulfilled and released must not pass the quantity reserved.",
            ),
            check(
                Q(status="active", closed_at__isnull=True)
                | (~Q(status="active") & Q(closed_at__isnull=False)),
                name="reservation_closed_has_time",
                message="A reservation is active exactly until it is closed.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.level}"

    @property
    def open_quantity(self) -> int:
        """Return the units still held."""
        return self.quantity - self.quantity_fulfilled - self.quantity_released


class AllocationQuerySet(models.QuerySet["StockAllocation"]):
    def open(self) -> AllocationQuerySet:
        """Return the allocations that still hold stock."""
        return self.filter(status=StockAllocation.Status.ALLOCATED)


class StockAllocationStatus(models.TextChoices):
    ALLOCATED = "allocated", "Allocated"
    FULFILLED = "fulfilled", "Fulfilled"
    CANCELLED = "cancelled", "Cancelled"


class StockAllocation(Document):
    """Stock committed to one line of a fulfilment or work order; never expires."""

    Status = StockAllocationStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "allocated": {"fulfilled", "cancelled"},
    }

    level = models.ForeignKey(
        StockLevel,
        on_delete=models.PROTECT,
        db_column="inventory_id",
        related_name="allocations",
    )
    reservation = models.ForeignKey(
        StockReservation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="allocations",
    )
    reference_type = models.CharField(max_length=32, choices=ReferenceType)
    reference_id = models.UUIDField()
    reference_line_id = models.UUIDField()
    quantity = models.PositiveIntegerField()
    quantity_fulfilled = models.PositiveIntegerField(default=0)
    quantity_released = models.PositiveIntegerField(default=0)
    status = StatusField(choices=Status, default=Status.ALLOCATED)
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.CharField(max_length=255, blank=True)

    objects = AllocationQuerySet.as_manager()

    class Meta:
        db_table = "inventory_allocations"
        db_table_comment = "Stock committed to a pick or to production"
        indexes = [
            models.Index(
                fields=["reference_type", "reference_id"],
                name="idx_allocations_reference",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["level", "reference_type", "reference_id", "reference_line_id"],
                condition=Q(status="allocated"),
                name="allocation_one_open",
                violation_error_message="This line has an allocation here already.",
            ),
            one_of("status", StockAllocationStatus, name="allocation_status_known"),
            one_of("reference_type", ReferenceType, name="allocation_reference_known"),
            positive("quantity", name="allocation_quantity_positive"),
            check(
                Q(quantity__gte=F("quantity_fulfilled") + F("quantity_released")),
                name="allocation_within_quantity",
                message="Fulfilled and released must not pass the quantity allocated.",
            ),
            check(
                Q(status="allocated", closed_at__isnull=True)
                | (~Q(status="allocated") & Q(closed_at__isnull=False)),
                name="allocation_closed_has_time",
                message="An allocation is open exactly until it is closed.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.level}"

    @property
    def open_quantity(self) -> int:
        """Return the units still held."""
        return self.quantity - self.quantity_fulfilled - self.quantity_released
