"""Warranties and the claims made under them."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from inventory.models import ProductVariant
from orders.models import Customer, OrderItem
from returns.models.return_request import ReturnRequest
from stateset.lib.constraints import check, one_of
from stateset.lib.fields import StatusField
from stateset.lib.models import Document
from stateset.lib.states import Transitions


class WarrantyQuerySet(models.QuerySet["Warranty"]):
    def active(self) -> WarrantyQuerySet:
        """Return the warranties that cover something."""
        return self.filter(status=Warranty.Status.ACTIVE)

    def lapsed(self, on: date) -> WarrantyQuerySet:
        """Return the active warranties whose last day is before ``on``."""
        return self.active().filter(ends_on__lt=on)


class WarrantyStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    EXPIRED = "expired", "Expired"
    VOID = "void", "Void"


class Warranty(Document):
    """The promise to mend or replace one sold unit until a day."""

    Status = WarrantyStatus

    TRANSITIONS: ClassVar[Transitions] = {"active": {"expired", "void"}}

    warranty_number = models.CharField(
        "number", max_length=32, unique=True, editable=False
    )
    variant = models.ForeignKey(
        ProductVariant,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="warranties",
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, db_index=False, related_name="warranties"
    )
    order_item = models.ForeignKey(
        OrderItem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="warranties",
    )
    serial_number = models.CharField(max_length=100, blank=True)
    status = StatusField(choices=Status, default=Status.ACTIVE)
    starts_on = models.DateField()
    ends_on = models.DateField()
    terms = models.TextField(blank=True)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)

    objects = WarrantyQuerySet.as_manager()

    class Meta:
        db_table = "warranties"
        db_table_comment = "Promises to mend or replace sold units"
        verbose_name_plural = "warranties"
        indexes = [
            models.Index(fields=["customer", "status"], name="idx_warranties_customer"),
            models.Index(
                fields=["variant", "serial_number"], name="idx_warranties_serial"
            ),
            models.Index(
                fields=["ends_on"],
                condition=Q(status="active"),
                # Read by the job that expires warranties.
                name="idx_warranties_expiring",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["variant", "serial_number"],
                condition=Q(status="active") & ~Q(serial_number=""),
                name="warranty_serial_unique",
                violation_error_message="This serial number is under warranty already.",
            ),
            one_of("status", WarrantyStatus, name="warranty_status_known"),
            check(
                Q(ends_on__gt=F("starts_on")),
                name="warranty_ends_after_start",
                message="A warranty must end after it starts.",
            ),
        ]

    def __str__(self) -> str:
        return self.warranty_number


class WarrantyClaimStatus(models.TextChoices):
    SUBMITTED = "submitted", "Submitted"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    RESOLVED = "resolved", "Resolved"
    WITHDRAWN = "withdrawn", "Withdrawn"


class WarrantyClaimResolution(models.TextChoices):
    UNDECIDED = "", "Undecided"
    REPAIR = "repair", "Repair"
    REPLACE = "replace", "Replace"
    REFUND = "refund", "Refund"


class WarrantyClaimQuerySet(models.QuerySet["WarrantyClaim"]):
    def open(self) -> WarrantyClaimQuerySet:
        """Return the claims that somebody has still to deal with."""
        return self.filter(status__in=WarrantyClaim.OPEN_STATUSES)


class WarrantyClaim(Document):
    """One fault reported under a warranty, and how it was resolved."""

    Status = WarrantyClaimStatus
    Resolution = WarrantyClaimResolution

    TRANSITIONS: ClassVar[Transitions] = {
        "submitted": {"approved", "rejected", "withdrawn"},
        "approved": {"resolved"},
    }
    OPEN_STATUSES = (Status.SUBMITTED, Status.APPROVED)

    claim_number = models.CharField(
        "number", max_length=32, unique=True, editable=False
    )
    warranty = models.ForeignKey(
        Warranty, on_delete=models.PROTECT, db_index=False, related_name="claims"
    )
    status = StatusField(choices=Status, default=Status.SUBMITTED)
    failed_on = models.DateField()
    description = models.TextField()
    resolution_type = models.CharField(
        max_length=12, choices=Resolution, blank=True, editable=False
    )
    resolution = models.TextField(blank=True, editable=False)
    return_request = models.ForeignKey(
        ReturnRequest,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_column="return_id",
        related_name="warranty_claims",
    )
    decided_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="decided_claims",
    )
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    claimed_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, editable=False)
    resolved_at = models.DateTimeField(null=True, editable=False)

    objects = WarrantyClaimQuerySet.as_manager()

    class Meta:
        db_table = "warranty_claims"
        db_table_comment = "Faults reported under warranties"
        indexes = [
            models.Index(fields=["warranty", "status"], name="idx_claims_warranty"),
            models.Index(
                fields=["status", "-created_at"], name="idx_claims_status_created"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["warranty"],
                condition=Q(status__in=("submitted", "approved")),
                name="warranty_claim_one_open",
                violation_error_message="This warranty has an open claim already.",
            ),
            one_of("status", WarrantyClaimStatus, name="warranty_claim_status_known"),
            one_of(
                "resolution_type",
                WarrantyClaimResolution,
                name="warranty_claim_resolution_known",
            ),
            check(
                ~Q(status="rejected") | ~Q(status_reason=""),
                name="warranty_claim_rejection_reason",
                message="A rejected claim says why.",
            ),
            check(
                ~Q(status="resolved")
                | (Q(resolved_at__isnull=False) & ~Q(resolution_type="")),
                name="warranty_claim_resolved_how",
                message="A resolved claim says how and when.",
            ),
        ]

    def __str__(self) -> str:
        return self.claim_number
