"""The lines of orders."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from inventory.models import ProductVariant
from orders.models.order import Order
from stateset.lib.constraints import check, fraction, not_negative, positive
from stateset.lib.fields import CostField, MoneyField, RateField
from stateset.lib.models import Record


class OrderItem(Record):
    """One line: a variant, its price when ordered, and where its units are.

    Counters are kept by services and decide what may still happen. A unit counts
    as reserved from confirmation until it is packed (being allocated to a pick
    changes nothing here), as packed until it is shipped, then as fulfilled;
    cancelled units never were packed, returned ones stay fulfilled too.
    """

    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, db_index=False, related_name="items"
    )
    line_number = models.PositiveSmallIntegerField(editable=False)
    variant = models.ForeignKey(
        ProductVariant, on_delete=models.PROTECT, related_name="order_items"
    )
    sku = models.CharField("SKU", max_length=100, editable=False)
    name = models.CharField(max_length=255, editable=False)
    quantity = models.PositiveIntegerField()
    quantity_reserved = models.PositiveIntegerField(default=0, editable=False)
    quantity_packed = models.PositiveIntegerField(default=0, editable=False)
    quantity_fulfilled = models.PositiveIntegerField(default=0, editable=False)
    quantity_cancelled = models.PositiveIntegerField(default=0, editable=False)
    quantity_returned = models.PositiveIntegerField(default=0, editable=False)
    unit_price = MoneyField()
    discount = MoneyField()
    tax_rate = RateField()
    tax_amount = MoneyField(editable=False)
    total_price = MoneyField(editable=False)
    unit_cost = CostField(null=True, editable=False)

    class Meta:
        db_table = "order_items"
        db_table_comment = "Lines of orders"
        constraints = [
            models.UniqueConstraint(
                fields=["order", "line_number"], name="order_item_line_unique"
            ),
            positive("quantity", name="order_item_quantity_positive"),
            not_negative(
                "unit_price",
                "discount",
                "tax_amount",
                "total_price",
                name="order_item_money_not_negative",
            ),
            fraction("tax_rate", name="order_item_tax_rate_fraction"),
            check(
                Q(
                    quantity__gte=F("quantity_reserved")
                    + F("quantity_packed")
                    + F("quantity_fulfilled")
                    + F("quantity_cancelled")
                ),
                name="order_item_units_within_quantity",
                message="A line's units must not pass its quantity.",
            ),
            check(
                Q(quantity_returned__lte=F("quantity_fulfilled")),
                name="order_item_returned_within_shipped",
                message="No more can be returned than was shipped.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} line {self.line_number}"

    @property
    def article(self) -> str:
        """Return what was ordered, as people say it."""
        return f"{self.sku} {self.name}"

    @property
    def live_quantity(self) -> int:
        """Return the units that are not cancelled: those the line's money is for."""
        return self.quantity - self.quantity_cancelled

    @property
    def open_quantity(self) -> int:
        """Return the units neither shipped nor cancelled."""
        return self.live_quantity - self.quantity_fulfilled

    @property
    def unreserved_quantity(self) -> int:
        """Return the open units that hold no stock; of goods, those on backorder."""
        return self.open_quantity - self.quantity_reserved - self.quantity_packed
