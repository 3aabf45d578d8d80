"""Payments: money in (charge), back (refund) and out (payout)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from finance.models.invoice import Invoice
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
    AUTHORIZED = "authorized", "Authorised"
    SUCCEEDED = "succeeded", "Succeeded"
    PARTIALLY_REFUNDED = "partially_refunded", "Partly refunded"
    REFUNDED = "refunded", "Refunded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    VOIDED = "voided", "Voided"
    EXPIRED = "expired", "Expired"


class PaymentMethod(models.TextChoices):
    CARD = "card", "Card"
    PAYPAL = "paypal", "PayPal"
    BANK_TRANSFER = "bank_transfer", "Bank transfer"
    CASH = "cash", "Cash"
    CHECK = "check", "Cheque"


MONEY = ("succeeded", "partially_refunded", "refunded")


class PaymentQuerySet(models.QuerySet["Payment"]):
    def charges(self) -> PaymentQuerySet:
        """Return the payments from customers."""
        return self.filter(kind=Payment.Kind.CHARGE)

    def live(self) -> PaymentQuerySet:
        """Return the payments that may still bring money."""
        return self.filter(status__in=Payment.LIVE_STATUSES)

    def authorized(self) -> PaymentQuerySet:
        """Return the authorisations that were neither captured nor let go."""
        return self.filter(status=Payment.Status.AUTHORIZED)

    def ran_out(self, at: datetime) -> PaymentQuerySet:
        """Return the authorisations whose time was over at ``at``."""
        return self.authorized().filter(authorization_expires_at__lt=at)


class Payment(Document):
    """One movement of money; the amount is always positive, the kind tells where.

    ``amount`` is what was agreed, ``captured_amount`` what came of it: nothing before
    the payment succeeds, then all of it, or less of one that was authorised. A charge
    counts what was refunded of it; its refunds are rows of their own. What such a row
    took off an order's debt, and no credit note carries yet, is ``forgiven_amount``.
    """

    Kind = PaymentKind
    Status = PaymentStatus
    Method = PaymentMethod

    TRANSITIONS: ClassVar[Transitions] = {
        "pending": {"authorized", "succeeded", "failed", "cancelled"},
        "authorized": {"succeeded", "voided", "expired"},
        "succeeded": {"partially_refunded", "refunded"},
        "partially_refunded": {"partially_refunded", "refunded"},
    }
    LIVE_STATUSES = (Status.PENDING, Status.AUTHORIZED)
    MONEY_STATUSES = MONEY
    METHODS_TO_AUTHORIZE = (Method.CARD, Method.PAYPAL)

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
    captured_amount = MoneyField(editable=False)
    refunded_amount = MoneyField(editable=False)
    forgiven_amount = MoneyField(editable=False)
    provider = models.CharField(max_length=32, blank=True)
    provider_reference = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    failure_message = models.CharField(max_length=255, blank=True, editable=False)
    idempotency_key = models.CharField(  # noqa: DJ001 - unique where given, and empty strings would collide
        max_length=255, null=True, unique=True, editable=False
    )
    authorized_at = models.DateTimeField(null=True, editable=False)
    authorization_expires_at = models.DateTimeField(null=True, editable=False)
    processed_at = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="payments",
    )

    objects = PaymentQuerySet.as_manager()

    class Meta:
        db_table = "payments"
        db_table_comment = "Money in, back and out"
        indexes = [
            models.Index(fields=["order", "status"], name="idx_payments_order"),
            models.Index(
                fields=["status", "-created_at"], name="idx_payments_status_created"
            ),
            models.Index(fields=["-created_at"], name="idx_payments_created"),
            models.Index(
                fields=["authorization_expires_at"],
                condition=Q(status="authorized"),
                # Read by the job that expires authorisations.
                name="idx_payments_expires",
            ),
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
                Q(forgiven_amount=0)
                | Q(
                    kind="refund",
                    forgiven_amount__gt=0,
                    forgiven_amount__lte=F("amount"),
                ),
                name="payment_forgiven_by_refund",
                message="A refund forgives no more than it gives back.",
            ),
            check(
                Q(captured_amount__lte=F("amount")),
                name="payment_captured_within_amount",
                message="No more can come than was agreed.",
            ),
            check(
                Q(refunded_amount__lte=F("captured_amount")),
                name="payment_refunded_within_captured",
                message="No more can be refunded than came.",
            ),
            check(
                Q(status__in=MONEY, captured_amount__gt=0)
                | (~Q(status__in=MONEY) & Q(captured_amount=0)),
                name="payment_captured_as_status_says",
                message="Money came of a payment exactly if its status says so.",
            ),
            check(
                Q(captured_amount=0)
                | Q(captured_amount=F("amount"))
                | Q(authorized_at__isnull=False),
                name="payment_captured_whole",
                message="Only an authorised payment can come in part.",
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
                ~Q(status__in=MONEY) | Q(processed_at__isnull=False),
                name="payment_succeeded_has_time",
                message="A payment that succeeded has the time it did.",
            ),
            check(
                ~Q(status__in=("authorized", "voided", "expired"))
                | Q(authorized_at__isnull=False),
                name="payment_authorized_has_time",
                message="A payment that was authorised has the time it was.",
            ),
            check(
                Q(authorized_at__isnull=True, authorization_expires_at__isnull=True)
                | Q(
                    authorized_at__isnull=False,
                    authorization_expires_at__isnull=False,
                    authorization_expires_at__gt=F("authorized_at"),
                ),
                name="payment_authorization_ends",
                message="An authorisation ends some time after it was given.",
            ),
            check(
                Q(authorized_at__isnull=True)
                | Q(kind="charge", method__in=("card", "paypal")),
                name="payment_authorization_of_charge",
                message="Only a customer's card or PayPal account is authorised.",
            ),
        ]

    def __str__(self) -> str:
        return self.payment_number

    @property
    def refundable_amount(self) -> Decimal:
        """Return what of a charge may still go back; nothing of other kinds."""
        if self.kind != self.Kind.CHARGE:
            return Decimal(0)
        return self.captured_amount - self.refunded_amount

    def has_run_out(self, at: datetime) -> bool:
        """Return whether it is an authorisation whose time was over at ``at``."""
        ends = self.authorization_expires_at
        is_open = self.status == self.Status.AUTHORIZED
        return is_open and ends is not None and ends < at

    @property
    def was_authorized(self) -> bool:
        """Return whether it was authorised first, whatever became of it."""
        return self.authorized_at is not None


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
