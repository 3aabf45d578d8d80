"""Invoices: what is owed to us (receivable), by us (payable), or credited."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from inventory.models import PurchaseOrder, PurchaseOrderItem, Supplier
from orders.models import Customer, Order, OrderItem
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


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def receivable(self) -> InvoiceQuerySet:
        """Return the invoices to customers."""
        return self.filter(kind=Invoice.Kind.RECEIVABLE)

    def payable(self) -> InvoiceQuerySet:
        """Return the invoices from suppliers."""
        return self.filter(kind=Invoice.Kind.PAYABLE)

    def unpaid(self) -> InvoiceQuerySet:
        """Return the issued invoices with something still to pay."""
        return self.filter(status__in=Invoice.UNPAID_STATUSES)

    def drafts(self) -> InvoiceQuerySet:
        """Return what is not issued: by its missing number, which is indexed."""
        return self.filter(status=Invoice.Status.DRAFT, invoice_number=None)

    def overdue(self, on: date) -> InvoiceQuerySet:
        """Return the unpaid invoices due before ``on``."""
        return self.unpaid().filter(due_on__lt=on)


class InvoiceKind(models.TextChoices):
    RECEIVABLE = "receivable", "Receivable"
    PAYABLE = "payable", "Payable"
    CREDIT_NOTE = "credit_note", "Credit note"


class InvoiceStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    PARTIALLY_PAID = "partially_paid", "Partly paid"
    PAID = "paid", "Paid"
    VOID = "void", "Void"


class Invoice(Document):
    """One invoice; fixed once issued, corrected by a credit note."""

    Kind = InvoiceKind
    Status = InvoiceStatus

    TRANSITIONS: ClassVar[Transitions] = {
        "draft": {"open"},
        "open": {"partially_paid", "paid", "void"},
        "partially_paid": {"open", "partially_paid", "paid"},
        "paid": {"partially_paid", "open"},
    }
    UNPAID_STATUSES = (Status.OPEN, Status.PARTIALLY_PAID)

    invoice_number = models.CharField(  # noqa: DJ001 - unique where given, and empty strings would collide
        "number",
        max_length=32,
        null=True,
        unique=True,
        editable=False,
        help_text="Given when the invoice is issued, without gaps.",
    )
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.RECEIVABLE)
    status = StatusField(choices=Status, default=Status.DRAFT)
    order = models.ForeignKey(
        Order,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invoices",
    )
    purchase_order = models.ForeignKey(
        PurchaseOrder,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invoices",
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="invoices",
    )
    supplier = models.ForeignKey(
        Supplier,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="invoices",
    )
    supplier_invoice_number = models.CharField(max_length=64, blank=True)
    credits = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="credit_notes",
    )
    issued_on = models.DateField(null=True, editable=False)
    due_on = models.DateField(null=True, blank=True)
    currency = CurrencyField()
    subtotal = MoneyField(editable=False)
    tax_total = MoneyField(editable=False)
    shipping_total = MoneyField(editable=False)
    total = MoneyField(editable=False)
    amount_paid = MoneyField(editable=False)
    amount_credited = MoneyField(editable=False)
    bill_to = models.JSONField(default=dict, editable=False)
    status_reason = models.CharField(max_length=255, blank=True, editable=False)
    paid_at = models.DateTimeField(null=True, editable=False)
    notes = models.TextField(blank=True)
    created_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="invoices",
    )

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        db_table = "invoices"
        db_table_comment = "Invoices to customers, from suppliers, credit notes"
        indexes = [
            models.Index(fields=["customer", "status"], name="idx_invoices_customer"),
            models.Index(fields=["supplier", "status"], name="idx_invoices_supplier"),
            models.Index(
                fields=["due_on"],
                condition=Q(status__in=("open", "partially_paid")),
                # Read by the tile and the list of overdue invoices.
                name="idx_invoices_overdue",
            ),
            models.Index(fields=["-created_at"], name="idx_invoices_created"),
            models.Index(
                fields=["supplier_invoice_number"],
                condition=~Q(supplier_invoice_number=""),
                # Read by the search for a supplier's number.
                name="idx_invoices_supplier_number",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "supplier_invoice_number"],
                condition=Q(kind="payable")
                & ~Q(status="void")
                & ~Q(supplier_invoice_number=""),
                name="invoice_supplier_number_unique",
                violation_error_message="This supplier invoice is recorded already.",
            ),
            one_of("kind", InvoiceKind, name="invoice_kind_known"),
            one_of("status", InvoiceStatus, name="invoice_status_known"),
            currency_code(name="invoice_currency_code"),
            not_negative(
                "subtotal",
                "tax_total",
                "shipping_total",
                "total",
                "amount_paid",
                "amount_credited",
                name="invoice_money_not_negative",
            ),
            # Together they may pass it: who credits a paid invoice owes the rest.
            check(
                Q(amount_paid__lte=F("total")),
                name="invoice_paid_within_total",
                message="No more can be paid than the invoice's total.",
            ),
            check(
                Q(amount_credited__lte=F("total")),
                name="invoice_credited_within_total",
                message="No more can be credited than the invoice's total.",
            ),
            check(
                Q(status="draft")
                | Q(invoice_number__isnull=False, issued_on__isnull=False),
                name="invoice_issued_has_number",
                message="An issued invoice has a number and a date.",
            ),
            check(
                Q(kind="payable", supplier__isnull=False, customer__isnull=True)
                | Q(
                    kind__in=("receivable", "credit_note"),
                    customer__isnull=False,
                    supplier__isnull=True,
                ),
                name="invoice_party_fits_kind",
                message="A payable names a supplier, every other kind a customer.",
            ),
            check(
                Q(kind="credit_note", credits__isnull=False)
                | (~Q(kind="credit_note") & Q(credits__isnull=True)),
                name="invoice_credit_note_credits",
                message="A credit note names the invoice it corrects.",
            ),
            check(
                Q(due_on__isnull=True)
                | Q(issued_on__isnull=True)
                | Q(due_on__gte=F("issued_on")),
                name="invoice_due_after_issue",
                message="An invoice can't be due before it is issued.",
            ),
            check(
                ~Q(status="paid") | Q(paid_at__isnull=False),
                name="invoice_paid_has_time",
                message="A paid invoice has the time it was paid.",
            ),
        ]

    def __str__(self) -> str:
        return self.invoice_number or f"Draft {str(self.id)[-12:]}"

    @property
    def amount_due(self) -> Decimal:
        """Return what is open; below zero when a paid invoice was credited."""
        return self.total - self.amount_credited - self.amount_paid

    def is_overdue(self, on: date) -> bool:
        """Return whether money is open past its day."""
        return (
            self.status in self.UNPAID_STATUSES
            and self.due_on is not None
            and self.due_on < on
        )


class InvoiceLine(Record):
    """One line of an invoice: what is charged, for which order line."""

    invoice = models.ForeignKey(
        Invoice, on_delete=models.CASCADE, db_index=False, related_name="lines"
    )
    line_number = models.PositiveSmallIntegerField(editable=False)
    order_item = models.ForeignKey(
        OrderItem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invoice_lines",
    )
    purchase_order_item = models.ForeignKey(
        PurchaseOrderItem,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invoice_lines",
    )
    description = models.CharField(max_length=255)
    quantity = models.PositiveIntegerField()
    # As fine as costs are: suppliers charge fractions of a cent for small parts.
    unit_price = CostField(default=0)
    discount = MoneyField()
    tax_rate = RateField()
    tax_amount = MoneyField(editable=False)
    line_total = MoneyField(editable=False)

    class Meta:
        db_table = "invoice_lines"
        db_table_comment = "Lines of invoices"
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "line_number"], name="invoice_line_number_unique"
            ),
            positive("quantity", name="invoice_line_quantity_positive"),
            not_negative(
                "unit_price",
                "discount",
                "tax_amount",
                "line_total",
                name="invoice_line_money_not_negative",
            ),
            fraction("tax_rate", name="invoice_line_tax_fraction"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} line {self.line_number}"
