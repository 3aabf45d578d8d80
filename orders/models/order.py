"""Orders: what a customer asked for, at what price, and how far it got."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from inventory.models import Location
from orders.models.customer import Customer
from stateset.lib.constraints import check, currency_code, not_negative, one_of
from stateset.lib.fields import CurrencyField, MoneyField, StatusField
from stateset.lib.models import Document
from stateset.lib.states import Transitions

if TYPE_CHECKING:
    from orders.models.order_item import OrderItem


class OrderQuerySet(models.QuerySet["Order"]):
    def placed_since(self, moment: datetime) -> OrderQuerySet:
        """Return the orders dated at or after ``moment``, cancelled ones left out."""
        return self.filter(order_date__gte=moment).exclude(
            status=Order.Status.CANCELLED
        )

    def open(self) -> OrderQuerySet:
        """Return the orders somebody still has to do something about."""
        return self.filter(status__in=Order.OPEN_STATUSES)

    def on_hold(self) -> OrderQuerySet:
        """Return the orders that were stopped."""
        return self.filter(status=Order.Status.ON_HOLD)

    def to_ship(self) -> OrderQuerySet:
        """Return the orders whose goods are still to leave."""
        return self.filter(status__in=Order.TO_SHIP_STATUSES)

    def unpaid(self, at: datetime) -> OrderQuerySet:
        """Return the orders not paid in time of which nothing was begun."""
        return self.filter(
            status__in=Order.UNBEGUN_STATUSES,
            payment_status__in=Order.NO_MONEY_STATUSES,
            pay_by__lt=at,
        )

    def late(self, at: datetime) -> OrderQuerySet:
        """Return the orders not shipped whose promised time has passed, held or not."""
        return self.open().filter(promised_at__lt=at)


class OrderStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    CONFIRMED = "confirmed", "Confirmed"
    PROCESSING = "processing", "Processing"
    SHIPPED = "shipped", "Shipped"
    DELIVERED = "delivered", "Delivered"
    ON_HOLD = "on_hold", "On hold"
    CANCELLED = "cancelled", "Cancelled"


class OrderPaymentStatus(models.TextChoices):
    PENDING = "pending", "Unpaid"
    FAILED = "failed", "Payment failed"
    VOIDED = "voided", "Authorisation void"
    AUTHORIZED = "authorized", "Authorised"
    PARTIALLY_PAID = "partially_paid", "Partly paid"
    PAID = "paid", "Paid"
    PARTIALLY_REFUNDED = "partially_refunded", "Partly refunded"
    REFUNDED = "refunded", "Refunded"


class OrderFulfillmentStatus(models.TextChoices):
    UNFULFILLED = "unfulfilled", "Not shipped"
    PARTIALLY_FULFILLED = "partially_fulfilled", "Partly shipped"
    FULFILLED = "fulfilled", "Shipped"
    PARTIALLY_RETURNED = "partially_returned", "Partly returned"
    RETURNED = "returned", "Returned"


class OrderChannel(models.TextChoices):
    WEB = "web", "Web"
    PHONE = "phone", "Phone"
    STORE = "store", "Store"
    IMPORT = "import", "Import"


class Order(Document):
    """One order; lifecycle, payment and fulfilment are three separate facts.

    ``payment_status`` and ``fulfillment_status`` are derived from money and
    quantities by services, never typed. ``amount_authorized`` is what open
    authorisations come to, ``payment_failure`` what became of the last payment
    where that is nothing.
    """

    Status = OrderStatus
    PaymentStatus = OrderPaymentStatus
    FulfillmentStatus = OrderFulfillmentStatus
    Channel = OrderChannel

    TRANSITIONS: ClassVar[Transitions] = {
        "pending": {"confirmed", "on_hold", "cancelled"},
        "confirmed": {"processing", "on_hold", "cancelled"},
        "processing": {"shipped", "on_hold", "cancelled"},
        "shipped": {"delivered"},
        "on_hold": {"pending", "confirmed", "processing", "cancelled"},
    }
    OPEN_STATUSES = (
        Status.PENDING,
        Status.CONFIRMED,
        Status.PROCESSING,
        Status.ON_HOLD,
    )
    UNBEGUN_STATUSES = (Status.PENDING, Status.CONFIRMED)
    TO_SHIP_STATUSES = (Status.CONFIRMED, Status.PROCESSING)
    NO_MONEY_STATUSES = (
        PaymentStatus.PENDING,
        PaymentStatus.FAILED,
        PaymentStatus.VOIDED,
    )

    order_number = models.CharField("number", max_length=50, unique=True)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, db_index=False, related_name="orders"
    )
    customer_email = models.EmailField(max_length=255, blank=True)
    status = StatusField(choices=Status, default=Status.PENDING)
    payment_status = StatusField(
        choices=PaymentStatus, default=PaymentStatus.PENDING, editable=False
    )
    fulfillment_status = StatusField(
        choices=FulfillmentStatus,
        default=FulfillmentStatus.UNFULFILLED,
        editable=False,
    )
    channel = models.CharField(max_length=20, choices=Channel, default=Channel.WEB)
    order_date = models.DateTimeField(default=timezone.now)
    promised_at = models.DateTimeField(null=True, blank=True)
    pay_by = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Unpaid by then and not released, it is cancelled by itself.",
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="orders"
    )
    currency = CurrencyField()
    subtotal = MoneyField(editable=False)
    discount_total = MoneyField(editable=False)
    tax_total = MoneyField(editable=False)
    shipping_total = MoneyField()
    total_amount = MoneyField(editable=False)
    amount_paid = MoneyField(editable=False)
    amount_refunded = MoneyField(editable=False)
    amount_authorized = MoneyField(editable=False)
    payment_failure = models.CharField(max_length=20, blank=True, editable=False)
    shipping_method = models.CharField(max_length=100, blank=True)
    tracking_number = models.CharField(max_length=255, blank=True, editable=False)
    shipping_address = models.JSONField(default=dict, editable=False)
    billing_address = models.JSONField(default=dict, editable=False)
    held_from = models.CharField(max_length=20, blank=True, editable=False)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    confirmed_at = models.DateTimeField(null=True, editable=False)
    shipped_at = models.DateTimeField(null=True, editable=False)
    delivered_at = models.DateTimeField(null=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)
    notes = models.TextField(blank=True)
    idempotency_key = models.CharField(  # noqa: DJ001 - unique where given, and empty strings would collide
        max_length=255, null=True, unique=True, editable=False
    )
    created_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="orders",
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        db_table = "orders"
        db_table_comment = "Orders of customers"
        indexes = [
            models.Index(fields=["customer"], name="idx_orders_customer_id"),
            models.Index(fields=["created_at"], name="idx_orders_created_at"),
            models.Index(
                fields=["status", "-created_at"], name="idx_orders_status_created"
            ),
            models.Index(
                fields=["customer"],
                condition=Q(status__in=("pending", "processing")),
                # The guide's own: open orders of a customer.
                name="idx_orders_active",
            ),
            models.Index(fields=["-order_date", "-id"], name="idx_orders_date"),
            models.Index(
                fields=["promised_at"],
                condition=Q(
                    status__in=("pending", "confirmed", "processing", "on_hold")
                ),
                # Read by the tile and the list of late orders.
                name="idx_orders_late",
            ),
            models.Index(
                fields=["pay_by"],
                condition=Q(status__in=("pending", "confirmed")),
                # Read by what cancels orders that nobody paid.
                name="idx_orders_pay_by",
            ),
            models.Index(fields=["customer_email"], name="idx_orders_email"),
            models.Index(
                fields=["tracking_number"],
                condition=~Q(tracking_number=""),
                # Read by the search for a tracking number.
                name="idx_orders_tracking",
            ),
        ]
        constraints = [
            one_of("status", OrderStatus, name="order_status_known"),
            one_of(
                "payment_status", OrderPaymentStatus, name="order_payment_status_known"
            ),
            one_of(
                "fulfillment_status",
                OrderFulfillmentStatus,
                name="order_fulfillment_status_known",
            ),
            check(
                Q(payment_failure__in=("", "failed", "voided")),
                name="order_payment_failure_known",
                message="A payment of the order failed or was voided, or neither.",
            ),
            one_of("channel", OrderChannel, name="order_channel_known"),
            currency_code(name="order_currency_code"),
            not_negative(
                "subtotal",
                "discount_total",
                "tax_total",
                "shipping_total",
                "total_amount",
                "amount_paid",
                "amount_refunded",
                "amount_authorized",
                name="order_money_not_negative",
            ),
            check(
                Q(discount_total__lte=F("subtotal")),
                name="order_discount_within_subtotal",
                message="The discount must not pass the subtotal.",
            ),
            check(
                Q(amount_refunded__lte=F("amount_paid")),
                name="order_refunded_within_paid",
                message="No more can be refunded than was paid.",
            ),
            check(
                (Q(status="on_hold") & ~Q(held_from=""))
                | (~Q(status="on_hold") & Q(held_from="")),
                name="order_hold_remembers",
                message="An order on hold remembers where it was held from.",
            ),
            check(
                ~Q(order_number=""),
                name="order_number_given",
                message="An order needs a number.",
            ),
        ]

    def __str__(self) -> str:
        return self.order_number

    def backordered_items(self) -> models.QuerySet[OrderItem]:
        """Return the lines of goods that wait for stock; none before confirmation."""
        waiting = self.items.filter(
            variant__is_stocked=True,
            quantity__gt=F("quantity_reserved")
            + F("quantity_packed")
            + F("quantity_fulfilled")
            + F("quantity_cancelled"),
        )
        return waiting if self.confirmed_at else waiting.none()
