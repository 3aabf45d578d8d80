"""Returns: goods that customers send back, and what is settled for them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from inventory.models import Location
from orders.models import Customer, Order
from stateset.lib.constraints import (
    check,
    currency_code,
    not_negative,
    one_of,
)
from stateset.lib.fields import CurrencyField, MoneyField, StatusField
from stateset.lib.models import Document
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
        """Return the returns of which goods are still on their way back."""
        return self.filter(status__in=ReturnRequest.EXPECTED_STATUSES)

    def overdue(self, at: datetime) -> ReturnQuerySet:
        """Return the approved returns of which nothing came by their day."""
        return self.filter(status=ReturnRequest.Status.APPROVED, expires_at__lt=at)

    def to_finish(self) -> ReturnQuerySet:
        """Return the returns that came back and are not settled."""
        return self.filter(
            status__in=(ReturnRequest.Status.RECEIVED, ReturnRequest.Status.INSPECTED)
        )


class ReturnRequestStatus(models.TextChoices):
    REQUESTED = "requested", "Waiting for approval"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    PARTIALLY_RECEIVED = "partially_received", "Partly received"
    RECEIVED = "received", "Received"
    INSPECTED = "inspected", "Inspected"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


class ReturnRequestResolution(models.TextChoices):
    REFUND = "refund", "Refund"
    REPLACEMENT = "replacement", "Replacement"
    NONE = "none", "None"


class ReturnRequest(Document):
    """One return of one order; approval, goods and money are separate facts.

    ``items_amount`` is what its lines give back; with the shipping that is given back
    and without the fee for restocking it is ``refund_total``. Until the return is
    completed they are estimates.
    """

    Status = ReturnRequestStatus
    Resolution = ReturnRequestResolution

    TRANSITIONS: ClassVar[Transitions] = {
        "requested": {"approved", "rejected", "cancelled"},
        "approved": {"partially_received", "received", "cancelled"},
        "partially_received": {"received"},
        "received": {"inspected"},
        "inspected": {"completed"},
        "rejected": {"requested"},
        "cancelled": {"requested"},
    }
    EXPECTED_STATUSES = (Status.APPROVED, Status.PARTIALLY_RECEIVED)
    """Statuses in which units are still to come."""

    COUNTED_STATUSES = (Status.RECEIVED, Status.INSPECTED, Status.COMPLETED)
    """Statuses in which the units that came are all that will come."""

    ENDED_STATUSES = (Status.REJECTED, Status.CANCELLED)

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
    items_amount = MoneyField(editable=False)
    shipping_refund = MoneyField(editable=False)
    restocking_fee = MoneyField(editable=False)
    refund_total = MoneyField(editable=False)
    amount_refunded = MoneyField(editable=False)
    replacement_order = models.OneToOneField(
        Order,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="replaced_return",
    )
    approval_round = models.PositiveSmallIntegerField(default=1, editable=False)
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
    expires_at = models.DateTimeField(null=True, editable=False)
    received_at = models.DateTimeField(null=True, editable=False)
    inspected_at = models.DateTimeField(null=True, editable=False)
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
            ("receive_return", "Can receive and inspect returns"),
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
            models.Index(
                fields=["expires_at"],
                condition=Q(status="approved"),
                # Read by the job that expires returns.
                name="idx_returns_expiring",
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
                "items_amount",
                "shipping_refund",
                "restocking_fee",
                "refund_total",
                "amount_refunded",
                name="return_money_not_negative",
            ),
            check(
                Q(restocking_fee__lte=F("items_amount")),
                name="return_fee_within_items",
                message="The fee must not pass what the goods are worth.",
            ),
            check(
                Q(amount_refunded__lte=F("refund_total")),
                name="return_refunded_within_total",
                message="No more can be refunded than the return is worth.",
            ),
            check(
                Q(amount_refunded__lte=0) | Q(status="completed", resolution="refund"),
                name="return_refunded_when_completed",
                message="Money goes back when a return for a refund is completed.",
            ),
            check(
                Q(replacement_order__isnull=True)
                | Q(status="completed", resolution="replacement"),
                name="return_replaced_when_completed",
                message="Goods are replaced when a return for that is completed.",
            ),
            check(
                Q(approval_round__gte=1, approval_round__lte=2),
                name="return_reopened_once",
                message="A return is reopened once.",
            ),
            check(
                ~Q(
                    status__in=(
                        "approved",
                        "partially_received",
                        "received",
                        "inspected",
                        "completed",
                    )
                )
                | Q(approved_at__isnull=False),
                name="return_approved_has_time",
                message="An approved return says when it was approved.",
            ),
            check(
                ~Q(status__in=("received", "inspected", "completed"))
                | Q(received_at__isnull=False),
                name="return_received_has_time",
                message="A received return says when it was received.",
            ),
            check(
                ~Q(status="rejected") | ~Q(status_reason=""),
                name="return_rejected_has_reason",
                message="A rejected return says why.",
            ),
        ]

    def __str__(self) -> str:
        return self.rma_number
