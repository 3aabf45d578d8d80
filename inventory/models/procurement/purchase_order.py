"""Purchase orders: what was ordered from a supplier, and what came."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from inventory.models.catalogue.product import ProductVariant
from inventory.models.procurement.supplier import Supplier
from inventory.models.stock.location import Location
from stateset.lib.constraints import (
    check,
    currency_code,
    fraction,
    not_negative,
    one_of,
    positive,
)
from stateset.lib.fields import (
    CostField,
    CurrencyField,
    MoneyField,
    RateField,
    StatusField,
)
from stateset.lib.models import Document, Record
from stateset.lib.states import Transitions


class PurchaseOrderQuerySet(models.QuerySet["PurchaseOrder"]):
    def open(self) -> PurchaseOrderQuerySet:
        """Return the orders that goods are still expected for."""
        return self.filter(status__in=PurchaseOrder.OPEN_STATUSES)

    def due(self, on: date) -> PurchaseOrderQuerySet:
        """Return the open orders whose goods should be here on that day."""
        return self.open().filter(expected_on__lte=on)


class PurchaseOrderStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Waiting for approval"
    APPROVED = "approved", "Approved"
    ORDERED = "ordered", "Ordered"
    PARTIALLY_RECEIVED = "partially_received", "Partly received"
    RECEIVED = "received", "Received"
    CLOSED = "closed", "Closed short"
    CANCELLED = "cancelled", "Cancelled"


class PurchaseOrder(Document):
    """One order to one supplier; editable as a draft, then approved and received."""

    Status = PurchaseOrderStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "draft": {"submitted", "cancelled"},
        "submitted": {"approved", "draft", "cancelled"},
        "approved": {"ordered", "cancelled"},
        "ordered": {"partially_received", "received", "cancelled"},
        # Back again when receipts are reversed: the status follows the lines.
        "partially_received": {"received", "ordered", "closed"},
        "received": {"partially_received", "ordered"},
    }
    OPEN_STATUSES = (Status.APPROVED, Status.ORDERED, Status.PARTIALLY_RECEIVED)

    po_number = models.CharField("number", max_length=32, unique=True, editable=False)
    supplier = models.ForeignKey(
        Supplier,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="purchase_orders",
    )
    ship_to = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="purchase_orders"
    )
    status = StatusField(choices=Status, default=Status.DRAFT)
    ordered_on = models.DateField()
    expected_on = models.DateField(null=True, blank=True)
    currency = CurrencyField()
    subtotal = MoneyField(editable=False)
    tax_total = MoneyField(editable=False)
    shipping_total = MoneyField()
    total = MoneyField(editable=False)
    notes = models.TextField(blank=True)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    approved_at = models.DateTimeField(null=True, editable=False)
    approved_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="approved_purchase_orders",
    )
    created_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="purchase_orders",
    )

    objects = PurchaseOrderQuerySet.as_manager()

    class Meta:
        db_table = "purchase_orders"
        db_table_comment = "Orders to suppliers"
        permissions = [("approve_purchaseorder", "Can approve purchase orders")]
        indexes = [
            models.Index(fields=["supplier", "status"], name="idx_po_supplier_status"),
            models.Index(
                fields=["expected_on"],
                condition=Q(status__in=("approved", "ordered", "partially_received")),
                # Read by the tile of purchase orders that are due.
                name="idx_po_open",
            ),
            models.Index(fields=["-created_at"], name="idx_po_created"),
        ]
        constraints = [
            one_of("status", PurchaseOrderStatus, name="purchase_order_status_known"),
            currency_code(name="purchase_order_currency_code"),
            not_negative(
                "subtotal",
                "tax_total",
                "shipping_total",
                "total",
                name="purchase_order_money_not_negative",
            ),
            check(
                Q(expected_on__isnull=True) | Q(expected_on__gte=F("ordered_on")),
                name="purchase_order_expected_after_ordered",
                message="Goods can't be expected before they are ordered.",
            ),
            check(
                Q(status__in=("draft", "submitted", "cancelled"))
                | Q(approved_at__isnull=False),
                name="purchase_order_approved_has_time",
                message="An order goes out only after its approval.",
            ),
        ]

    def __str__(self) -> str:
        return self.po_number


class PurchaseOrderItem(Record):
    """One line: a variant, how many, at what cost, and how many came."""

    purchase_order = models.ForeignKey(
        PurchaseOrder, on_delete=models.CASCADE, db_index=False, related_name="items"
    )
    line_number = models.PositiveSmallIntegerField(editable=False)
    variant = models.ForeignKey(
        ProductVariant, on_delete=models.PROTECT, related_name="purchase_order_items"
    )
    quantity_ordered = models.PositiveIntegerField()
    quantity_received = models.PositiveIntegerField(default=0, editable=False)
    quantity_rejected = models.PositiveIntegerField(default=0, editable=False)
    unit_cost = CostField()
    tax_rate = RateField()
    line_total = MoneyField(editable=False)

    class Meta:
        db_table = "purchase_order_items"
        db_table_comment = "Lines of purchase orders"
        constraints = [
            models.UniqueConstraint(
                fields=["purchase_order", "line_number"],
                name="purchase_order_item_line_unique",
                violation_error_message="This line number is taken.",
            ),
            positive("quantity_ordered", name="purchase_order_item_quantity_positive"),
            not_negative("unit_cost", name="purchase_order_item_cost_not_negative"),
            fraction("tax_rate", name="purchase_order_item_tax_fraction"),
            check(
                Q(quantity_received__lte=F("quantity_ordered")),
                name="purchase_order_item_received_within",
                message="More can't be received than was ordered.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purchase_order} line {self.line_number}"

    @property
    def open_quantity(self) -> int:
        """Return the units still expected."""
        return self.quantity_ordered - self.quantity_received
