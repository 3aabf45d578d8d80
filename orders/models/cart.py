"""Carts: what a customer is about to order."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from inventory.models import ProductVariant
from orders.models.customer import Customer
from orders.models.order import Order
from stateset.lib.constraints import check, currency_code, not_negative, one_of
from stateset.lib.fields import CurrencyField, MoneyField, StatusField
from stateset.lib.models import Document, Record
from stateset.lib.states import Transitions


class CartQuerySet(models.QuerySet["Cart"]):
    def expired(self, at: datetime) -> CartQuerySet:
        """Return the open carts whose time ran out at ``at``."""
        return self.filter(status=Cart.Status.ACTIVE, expires_at__lt=at)


class CartStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    CONVERTED = "converted", "Ordered"
    EXPIRED = "expired", "Expired"


class Cart(Document):
    """One basket of one customer or one anonymous session; checked out once."""

    Status = CartStatus

    TRANSITIONS: ClassVar[Transitions] = {"active": {"converted", "expired"}}

    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="carts",
    )
    session_key = models.CharField(max_length=64, blank=True)
    status = StatusField(choices=Status, default=Status.ACTIVE)
    currency = CurrencyField()
    subtotal = MoneyField(editable=False)
    expires_at = models.DateTimeField()
    converted_order = models.OneToOneField(
        Order,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="cart",
    )

    objects = CartQuerySet.as_manager()

    class Meta:
        db_table = "carts"
        db_table_comment = "Baskets, until they are ordered or expire"
        indexes = [
            models.Index(fields=["status", "expires_at"], name="idx_carts_expires"),
            models.Index(fields=["-updated_at"], name="idx_carts_updated"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(status="active"),
                name="cart_one_active_per_customer",
                violation_error_message="This customer has an active cart already.",
            ),
            models.UniqueConstraint(
                fields=["session_key"],
                condition=Q(status="active") & ~Q(session_key=""),
                name="cart_one_active_per_session",
                violation_error_message="This session has an active cart already.",
            ),
            one_of("status", CartStatus, name="cart_status_known"),
            currency_code(name="cart_currency_code"),
            not_negative("subtotal", name="cart_subtotal_not_negative"),
            check(
                Q(customer__isnull=False) | ~Q(session_key=""),
                name="cart_has_owner",
                message="A cart belongs to a customer or to a session.",
            ),
            check(
                ~Q(status="converted") | Q(converted_order__isnull=False),
                name="cart_converted_has_order",
                message="An ordered cart names its order.",
            ),
        ]

    def __str__(self) -> str:
        return f"Cart {str(self.id)[-12:]}"


class CartItem(Record):
    """One variant in a cart, priced when it was last changed."""

    cart = models.ForeignKey(
        Cart, on_delete=models.CASCADE, db_index=False, related_name="items"
    )
    variant = models.ForeignKey(
        ProductVariant, on_delete=models.PROTECT, related_name="cart_items"
    )
    quantity = models.PositiveIntegerField()
    unit_price = MoneyField(editable=False)
    line_total = MoneyField(editable=False)

    class Meta:
        db_table = "cart_items"
        db_table_comment = "Lines of carts"
        constraints = [
            models.UniqueConstraint(
                fields=["cart", "variant"],
                name="cart_item_variant_unique",
                violation_error_message="This variant is in the cart already.",
            ),
            check(
                Q(quantity__gte=1, quantity__lte=999),
                name="cart_item_quantity_range",
                message="A cart line holds 1 to 999 units.",
            ),
            not_negative(
                "unit_price", "line_total", name="cart_item_money_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant}"
