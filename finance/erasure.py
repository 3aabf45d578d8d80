"""Which invoices and payments are a customer's, and what the law has us keep."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db.models import F, Q

from finance.models import (
    CashSale,
    Invoice,
    InvoiceLine,
    Payment,
    PaymentApplication,
)
from finance.services.cash_sales import WALK_IN_NUMBER
from inventory.models import StockTransaction
from inventory.models.stock.references import ReferenceType
from orders.models import Customer
from stateset.lib.erasing import BY_KEY, INVOICES, Kept, belongs, refers

BY_LAW = Kept("tax law has issued invoices kept, with whom they were for", INVOICES)
AT_THE_BANK = Kept("by it the books are held against the bank's and the provider's")

BELONGINGS = (
    belongs(Invoice, "customer", only=Q(status=Invoice.Status.DRAFT)),
    belongs(Invoice, "customer", only=~Q(status=Invoice.Status.DRAFT), bill_to=BY_LAW),
    belongs(
        InvoiceLine, "invoice__customer", only=Q(invoice__status=Invoice.Status.DRAFT)
    ),
    belongs(
        InvoiceLine,
        "invoice__customer",
        only=~Q(invoice__status=Invoice.Status.DRAFT),
        description=BY_LAW,
    ),
    # Each once; by both ways at a time the database would read all payments.
    belongs(
        Payment,
        "order__customer",
        provider_reference=AT_THE_BANK,
        idempotency_key=BY_KEY,
    ),
    belongs(
        Payment,
        "invoice__customer",
        only=Q(order=None),
        provider_reference=AT_THE_BANK,
        idempotency_key=BY_KEY,
    ),
    belongs(PaymentApplication, "invoice__customer"),
    belongs(CashSale, "order__customer"),
    refers(
        StockTransaction,
        ReferenceType.CASH_SALE,
        CashSale,
        "order__customer",
        idempotency_key=BY_KEY,
    ),
)


def unfinished(using: str, key: UUID) -> Iterator[str]:
    """Yield the invoices that are not settled, and the payments that may still come."""
    nobody = Customer.objects.using(using).filter(customer_number=WALK_IN_NUMBER)
    if nobody.filter(pk=key).exists():
        yield "sales without a name are booked to it"
    invoices = Invoice.objects.using(using).filter(customer=key)
    drafts = invoices.filter(status=Invoice.Status.DRAFT)
    for draft in drafts.select_related("order").order_by("created_at"):
        subject = f" of order {draft.order}" if draft.order else ""
        yield f"a draft invoice{subject} is there"
    open_ones = invoices.exclude(
        status__in=(Invoice.Status.DRAFT, Invoice.Status.VOID)
    ).exclude(total=F("amount_paid") + F("amount_credited"))
    for invoice in open_ones.order_by("invoice_number"):
        yield f"invoice {invoice} is not settled"
    payments = Payment.objects.using(using).live()
    for payment in payments.filter(
        Q(order__customer=key) | Q(invoice__customer=key)
    ).order_by("payment_number"):
        yield f"payment {payment} is {payment.get_status_display().lower()}"
