"""Work orders: making units of a variant from its bill of materials."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from inventory.models.catalogue.product import ProductVariant
from inventory.models.manufacturing.bom import BillOfMaterials
from inventory.models.stock.location import Location
from stateset.lib.constraints import check, one_of, positive
from stateset.lib.fields import StatusField
from stateset.lib.models import Document
from stateset.lib.states import Transitions


class WorkOrderStatus(models.TextChoices):
    PLANNED = "planned", "Planned"
    PENDING_MATERIALS = "pending_materials", "Waiting for materials"
    READY = "ready", "Ready"
    IN_PROGRESS = "in_progress", "In progress"
    ON_HOLD = "on_hold", "On hold"
    COMPLETED = "completed", "Completed"
    CLOSED_SHORT = "closed_short", "Closed short"
    CANCELLED = "cancelled", "Cancelled"


class WorkOrderPriority(models.IntegerChoices):
    LOW = 1, "Low"
    NORMAL = 2, "Normal"
    HIGH = 3, "High"
    URGENT = 4, "Urgent"


class WorkOrder(Document):
    """An order to make ``quantity_planned`` units; its bill is fixed when made."""

    Status = WorkOrderStatus
    Priority = WorkOrderPriority

    TRANSITIONS: ClassVar[Transitions] = {
        "planned": {"ready", "pending_materials", "cancelled"},
        "pending_materials": {"ready", "cancelled"},
        "ready": {"in_progress", "on_hold", "cancelled"},
        "in_progress": {"completed", "on_hold", "closed_short"},
        "on_hold": {"ready", "in_progress"},
    }

    work_order_number = models.CharField(
        "number", max_length=32, unique=True, editable=False
    )
    variant = models.ForeignKey(
        ProductVariant, on_delete=models.PROTECT, related_name="work_orders"
    )
    bom = models.ForeignKey(
        BillOfMaterials,
        on_delete=models.PROTECT,
        related_name="work_orders",
        verbose_name="bill of materials",
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="work_orders"
    )
    status = StatusField(choices=Status, default=Status.PLANNED)
    priority = models.PositiveSmallIntegerField(
        choices=Priority, default=Priority.NORMAL
    )
    quantity_planned = models.PositiveIntegerField()
    quantity_completed = models.PositiveIntegerField(default=0, editable=False)
    quantity_scrapped = models.PositiveIntegerField(default=0, editable=False)
    scheduled_start = models.DateTimeField(null=True, blank=True)
    scheduled_end = models.DateTimeField(null=True, blank=True)
    actual_start = models.DateTimeField(null=True, editable=False)
    actual_end = models.DateTimeField(null=True, editable=False)
    assigned_to = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="work_orders",
    )
    held_from = models.CharField(max_length=20, blank=True, editable=False)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    notes = models.TextField(blank=True)

    class Meta:
        db_table = "work_orders"
        db_table_comment = "Orders to make units of a variant"
        indexes = [
            models.Index(
                fields=["status", "scheduled_start"],
                name="idx_work_orders_status_sched",
            ),
            models.Index(
                fields=["assigned_to", "status"], name="idx_work_orders_assignee"
            ),
        ]
        constraints = [
            one_of("status", WorkOrderStatus, name="work_order_status_known"),
            positive("quantity_planned", name="work_order_planned_positive"),
            check(
                Q(
                    quantity_planned__gte=F("quantity_completed")
                    + F("quantity_scrapped")
                ),
                name="work_order_made_within_plan",
                message="Completed and scrapped must not pass the plan.",
            ),
            check(
                Q(scheduled_start__isnull=True)
                | Q(scheduled_end__isnull=True)
                | Q(scheduled_end__gte=F("scheduled_start")),
                name="work_order_schedule_order",
                message="The scheduled end lies before the start.",
            ),
            check(
                Q(actual_end__isnull=True) | Q(actual_end__gte=F("actual_start")),
                name="work_order_actual_order",
                message="Work can't end before it started.",
            ),
            check(
                (Q(status="on_hold") & ~Q(held_from=""))
                | (~Q(status="on_hold") & Q(held_from="")),
                name="work_order_hold_remembers",
                message="A held work order remembers where it was held from.",
            ),
        ]

    def __str__(self) -> str:
        return self.work_order_number


class WorkOrderOperationStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"
    SKIPPED = "skipped", "Skipped"


class WorkOrderOperation(Document):
    """One step of a work order, done in sequence."""

    Status = WorkOrderOperationStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "pending": {"in_progress", "skipped"},
        "in_progress": {"completed"},
    }

    work_order = models.ForeignKey(
        WorkOrder, on_delete=models.CASCADE, db_index=False, related_name="operations"
    )
    sequence = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    work_center = models.CharField(max_length=64, blank=True)
    status = StatusField(choices=Status, default=Status.PENDING)
    planned_minutes = models.PositiveIntegerField(default=0)
    actual_minutes = models.PositiveIntegerField(default=0)
    assigned_to = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="work_order_operations",
    )
    started_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    notes = models.CharField(max_length=255, blank=True)

    class Meta:
        db_table = "work_order_operations"
        db_table_comment = "Steps of work orders"
        indexes = [
            models.Index(
                fields=["work_center", "status"], name="idx_operations_center_status"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["work_order", "sequence"],
                name="operation_sequence_unique",
                violation_error_message="Two steps have the same sequence number.",
            ),
            one_of("status", WorkOrderOperationStatus, name="operation_status_known"),
            check(
                ~Q(status="completed") | Q(completed_at__isnull=False),
                name="operation_completed_has_time",
                message="A completed step has the time of its completion.",
            ),
            check(
                Q(completed_at__isnull=True) | Q(completed_at__gte=F("started_at")),
                name="operation_times_order",
                message="A step can't end before it started.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_order} {self.sequence} {self.name}"
