"""Returns: goods coming back, who approved it, and what became of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from inventory.models import Location
from orders.models import Customer, Order, OrderItem
from stateset.lib.constraints import (
    check,
    currency_code,
    not_negative,
    one_of,
    positive,
)
from stateset.lib.fields import CurrencyField, MoneyField, StatusField
from stateset.lib.models import Document, Record
from stateset.lib.states import Transitions


class ReturnReason(models.TextChoices):
    """Why a customer sends something back."""

    DEFECTIVE = "defective", "Defective"
    WRONG_ITEM = "wrong_item", "Wrong item"
    NOT_AS_DESCRIBED = "not_as_described", "Not as described"
    CHANGED_MIND = "changed_mind", "Changed mind"
    DAMAGED_IN_TRANSIT = "damaged_in_transit", "Damaged in transit"
    OTHER = "other", "Other"


class ReturnQuerySet(models.QuerySet["ReturnRequest"]):
    def waiting(self) -> ReturnQuerySet:
        """Return the returns that wait for a decision."""
        return self.filter(status=ReturnRequest.Status.REQUESTED)

    def expected(self) -> ReturnQuerySet:
        """Return the returns whose goods are on their way back."""
        return self.filter(status=ReturnRequest.Status.APPROVED)

    def to_finish(self) -> ReturnQuerySet:
        """Return the returns that came back and are not settled."""
        return self.filter(
            status__in=(ReturnRequest.Status.RECEIVED, ReturnRequest.Status.INSPECTED)
        )


class ReturnRequestStatus(models.TextChoices):
    REQUESTED = "requested", "Waiting for approval"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    RECEIVED = "received", "Received"
    INSPECTED = "inspected", "Inspected"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


class ReturnRequestResolution(models.TextChoices):
    REFUND = "refund", "Refund"
    REPLACEMENT = "replacement", "Replacement"
    NONE = "none", "None"


class ReturnRequest(Document):
    """One return of one order; approval, goods and money are separate facts."""

    Status = ReturnRequestStatus
    Resolution = ReturnRequestResolution

    TRANSITIONS: ClassVar[Transitions] = {
        "requested": {"approved", "rejected", "cancelled"},
        "approved": {"received", "cancelled"},
        "received": {"inspected"},
        "inspected": {"completed"},
    }

    rma_number = models.CharField(
        "RMA number", max_length=32, unique=True, editable=False
    )
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, db_index=False, related_name="returns"
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, editable=False, related_name="returns"
    )
    status = StatusField(choices=Status, default=Status.REQUESTED)
    resolution = models.CharField(
        max_length=12, choices=Resolution, default=Resolution.REFUND
    )
    reason_code = models.CharField(max_length=32, choices=ReturnReason)
    reason = models.TextField(blank=True)
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="returns"
    )
    currency = CurrencyField(editable=False)
    refund_total = MoneyField(editable=False)
    amount_refunded = MoneyField(editable=False)
    requested_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="returns",
    )
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    requested_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(null=True, editable=False)
    received_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    notes = models.TextField(blank=True)

    objects = ReturnQuerySet.as_manager()

    class Meta:
        db_table = "returns"
        db_table_comment = "Returns of customers"
        verbose_name = "return"
        permissions = [
            ("approve_return", "Can approve returns of ordinary value"),
            ("approve_large_return", "Can approve every return"),
        ]
        indexes = [
            models.Index(fields=["order", "status"], name="idx_returns_order_status"),
            models.Index(
                fields=["-created_at", "status"], name="idx_returns_created_status"
            ),
            models.Index(
                fields=["status", "-created_at"],
                condition=~Q(status__in=("completed", "rejected", "cancelled")),
                # Read by the tile and the tabs of returns still to be handled.
                name="idx_returns_unfinished",
            ),
        ]
        constraints = [
            one_of("status", ReturnRequestStatus, name="return_status_known"),
            one_of(
                "resolution", ReturnRequestResolution, name="return_resolution_known"
            ),
            one_of("reason_code", ReturnReason, name="return_reason_known"),
            currency_code(name="return_currency_code"),
            not_negative(
                "refund_total", "amount_refunded", name="return_money_not_negative"
            ),
            check(
                Q(amount_refunded__lte=F("refund_total")),
                name="return_refunded_within_total",
                message="No more can be refunded than the return is worth.",
            ),
            check(
                ~Q(status="rejected") | ~Q(status_reason=""),
                name="return_rejected_has_reason",
                message="A rejected return says why.",
            ),
        ]

    def __str__(self) -> str:
        return self.rma_number


class ReturnItemDisposition(models.TextChoices):
    PENDING = "pending", "To inspect"
    RESTOCK = "restock", "Restock"
    QUARANTINE = "quarantine", "Quarantine"
    SCRAP = "scrap", "Scrap"


class ReturnItemCondition(models.TextChoices):
    UNKNOWN = "", "Not inspected"
    NEW = "new", "New"
    OPENED = "opened", "Opened"
    DAMAGED = "damaged", "Damaged"
    DEFECTIVE = "defective", "Defective"


class ReturnItem(Record):
    """How many of one order line come back, and what is done with them."""

    Disposition = ReturnItemDisposition
    Condition = ReturnItemCondition

    return_request = models.ForeignKey(
        ReturnRequest,
        on_delete=models.CASCADE,
        db_column="return_id",
        db_index=False,
        related_name="items",
    )
    order_item = models.ForeignKey(
        OrderItem, on_delete=models.PROTECT, related_name="return_items"
    )
    quantity = models.PositiveIntegerField()
    quantity_received = models.PositiveIntegerField(default=0, editable=False)
    condition = models.CharField(
        max_length=10, choices=Condition, blank=True, editable=False
    )
    disposition = models.CharField(
        max_length=12,
        choices=Disposition,
        default=Disposition.PENDING,
        editable=False,
    )
    refund_amount = MoneyField(editable=False)
    restocked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "return_items"
        db_table_comment = "Lines of returns"
        constraints = [
            models.UniqueConstraint(
                fields=["return_request", "order_item"],
                name="return_item_unique",
                violation_error_message="This order line is on the return already.",
            ),
            one_of(
                "disposition",
                ReturnItemDisposition,
                name="return_item_disposition_known",
            ),
            one_of(
                "condition", ReturnItemCondition, name="return_item_condition_known"
            ),
            positive("quantity", name="return_item_quantity_positive"),
            not_negative("refund_amount", name="return_item_refund_not_negative"),
            check(
                Q(quantity_received__lte=F("quantity")),
                name="return_item_received_within",
                message="More can't come back than was agreed.",
            ),
            check(
                ~Q(disposition="restock") | Q(condition__in=("new", "opened")),
                name="return_item_restock_is_sellable",
                message="Only new or opened goods go back on the shelf.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_item}"


class ReturnApprovalDecision(models.TextChoices):
    PENDING = "pending", "Pending"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class ReturnApproval(Record):
    """One decision on a return; the approver is never the requester."""

    Decision = ReturnApprovalDecision

    return_request = models.ForeignKey(
        ReturnRequest,
        on_delete=models.CASCADE,
        db_column="return_id",
        db_index=False,
        related_name="approvals",
    )
    level = models.PositiveSmallIntegerField()
    decision = models.CharField(
        max_length=10, choices=Decision, default=Decision.PENDING
    )
    amount = MoneyField()
    approver = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        related_name="return_approvals",
    )
    is_automatic = models.BooleanField(default=False)
    reason = models.CharField(max_length=255, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "return_approvals"
        db_table_comment = "Decisions on returns"
        indexes = [
            models.Index(
                fields=["level", "created_at"],
                condition=Q(decision="pending"),
                # Read by the list of decisions that wait.
                name="idx_return_approvals_pending",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["return_request", "level"], name="return_approval_level_unique"
            ),
            one_of(
                "decision",
                ReturnApprovalDecision,
                name="return_approval_decision_known",
            ),
            not_negative("amount", name="return_approval_amount_not_negative"),
            check(
                Q(decision="pending", decided_at__isnull=True)
                | (~Q(decision="pending") & Q(decided_at__isnull=False)),
                name="return_approval_decided_has_time",
                message="A decision has a time exactly when it is made.",
            ),
            check(
                Q(decision="pending")
                | Q(is_automatic=True)
                | Q(approver__isnull=False),
                name="return_approval_has_approver",
                message="A decision names who made it.",
            ),
            check(
                ~Q(decision="rejected") | ~Q(reason=""),
                name="return_approval_rejection_reason",
                message="A rejection says why.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.return_request} level {self.level}"
