"""Payments: money in (charge), back (refund) and out (payout)."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from finance.models.invoice import Invoice
from inventory.models import Location
from orders.models import Order
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


class PaymentKind(models.TextChoices):
    CHARGE = "charge", "Charge"
    REFUND = "refund", "Refund"
    PAYOUT = "payout", "Payout"


class PaymentStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    SUCCEEDED = "succeeded", "Succeeded"
    PARTIALLY_REFUNDED = "partially_refunded", "Partly refunded"
    REFUNDED = "refunded", "Refunded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class PaymentMethod(models.TextChoices):
    CARD = "card", "Card"
    PAYPAL = "paypal", "PayPal"
    BANK_TRANSFER = "bank_transfer", "Bank transfer"
    CASH = "cash", "Cash"
    CHECK = "check", "Cheque"


class Payment(Document):
    """One movement of money; the amount is always positive, the kind tells where.

    A charge counts what was refunded of it; its refunds are rows of their own.
    """

    Kind = PaymentKind
    Status = PaymentStatus
    Method = PaymentMethod

    TRANSITIONS: ClassVar[Transitions] = {
        "pending": {"succeeded", "failed", "cancelled"},
        "succeeded": {"partially_refunded", "refunded"},
        "partially_refunded": {"partially_refunded", "refunded"},
    }
    MONEY_STATUSES = (Status.SUCCEEDED, Status.PARTIALLY_REFUNDED, Status.REFUNDED)

    payment_number = models.CharField(
        "number", max_length=32, unique=True, editable=False
    )
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.CHARGE)
    status = StatusField(choices=Status, default=Status.PENDING)
    method = models.CharField(max_length=16, choices=Method)
    order = models.ForeignKey(
        Order,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="payments",
    )
    invoice = models.ForeignKey(
        Invoice,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds",
    )
    currency = CurrencyField()
    amount = MoneyField()
    refunded_amount = MoneyField(editable=False)
    provider = models.CharField(max_length=32, blank=True)
    provider_reference = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    failure_message = models.CharField(max_length=255, blank=True, editable=False)
    idempotency_key = models.CharField(  # noqa: DJ001 - unique where given, and empty strings would collide
        max_length=255, null=True, unique=True, editable=False
    )
    processed_at = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="payments",
    )

    class Meta:
        db_table = "payments"
        db_table_comment = "Money in, back and out"
        indexes = [
            models.Index(fields=["order", "status"], name="idx_payments_order"),
            models.Index(
                fields=["status", "-created_at"], name="idx_payments_status_created"
            ),
            models.Index(fields=["-created_at"], name="idx_payments_created"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_reference"],
                condition=~Q(provider_reference=""),
                name="payment_provider_reference_unique",
                violation_error_message="This provider reference is recorded already.",
            ),
            one_of("kind", PaymentKind, name="payment_kind_known"),
            one_of("status", PaymentStatus, name="payment_status_known"),
            one_of("method", PaymentMethod, name="payment_method_known"),
            currency_code(name="payment_currency_code"),
            positive("amount", name="payment_amount_positive"),
            not_negative("refunded_amount", name="payment_refunded_not_negative"),
            check(
                Q(refunded_amount__lte=F("amount")),
                name="payment_refunded_within_amount",
                message="No more can be refunded than was paid.",
            ),
            check(
                Q(order__isnull=False) | Q(invoice__isnull=False),
                name="payment_has_subject",
                message="A payment is for an order or an invoice.",
            ),
            check(
                Q(kind="refund", parent__isnull=False)
                | (~Q(kind="refund") & Q(parent__isnull=True)),
                name="payment_refund_has_parent",
                message="A refund names the payment it gives back.",
            ),
            check(
                Q(status__in=("pending", "failed", "cancelled"))
                | Q(processed_at__isnull=False),
                name="payment_succeeded_has_time",
                message="A payment that succeeded has the time it did.",
            ),
        ]

    def __str__(self) -> str:
        return self.payment_number

    @property
    def refundable_amount(self) -> Decimal:
        """Return what of a charge may still go back; nothing of other kinds."""
        if self.kind != self.Kind.CHARGE or self.status not in self.MONEY_STATUSES:
            return Decimal(0)
        return self.amount - self.refunded_amount


class PaymentApplication(Record):
    """How much of one payment settles one invoice."""

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, db_index=False, related_name="applications"
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="applications"
    )
    amount = MoneyField()

    class Meta:
        db_table = "payment_applications"
        db_table_comment = "Which payment settles which invoice"
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "invoice"],
                name="payment_application_unique",
                violation_error_message="This payment is applied here already.",
            ),
            positive("amount", name="payment_application_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.payment} → {self.invoice}"


class CashSaleQuerySet(models.QuerySet["CashSale"]):
    def of_today(self) -> CashSaleQuerySet:
        """Return the sales of today (UTC), the only ones that can be voided."""
        midnight = datetime.combine(timezone.now().date(), time(0), tzinfo=UTC)
        return self.filter(sold_at__gte=midnight)


class CashSaleStatus(models.TextChoices):
    COMPLETED = "completed", "Completed"
    VOIDED = "voided", "Voided"


class CashSale(Document):
    """Goods and money that changed hands at once, in a store."""

    Status = CashSaleStatus

    TRANSITIONS: ClassVar[Transitions] = {"completed": {"voided"}}

    sale_number = models.CharField("number", max_length=32, unique=True, editable=False)
    order = models.OneToOneField(
        Order, on_delete=models.PROTECT, related_name="cash_sale"
    )
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, related_name="cash_sale"
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="cash_sales"
    )
    cashier = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="cash_sales"
    )
    status = StatusField(choices=Status, default=Status.COMPLETED)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    currency = CurrencyField()
    amount = MoneyField()
    tendered_amount = MoneyField()
    change_amount = MoneyField(editable=False)
    sold_at = models.DateTimeField(default=timezone.now)

    objects = CashSaleQuerySet.as_manager()

    class Meta:
        db_table = "cash_sales"
        db_table_comment = "Sales over the counter"
        indexes = [models.Index(fields=["-sold_at"], name="idx_cash_sales_sold")]
        constraints = [
            one_of("status", CashSaleStatus, name="cash_sale_status_known"),
            currency_code(name="cash_sale_currency_code"),
            positive("amount", name="cash_sale_amount_positive"),
            not_negative("change_amount", name="cash_sale_change_not_negative"),
            check(
                Q(tendered_amount__gte=F("amount")),
                name="cash_sale_tendered_enough",
                message="The money tendered does not cover the sale.",
            ),
        ]

    def __str__(self) -> str:
        return self.sale_number
