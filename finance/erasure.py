"""Which invoices and payments are a customer's, and what the law has us keep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from django.db import models
from django.db.models import F, Max, Q

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
from stateset.lib.erasing import (
    BY_KEY,
    INVOICES,
    Kept,
    belongs,
    in_its_status,
    refers,
)

BY_LAW = Kept(
    "to whom issued invoices were made out, and what they charge",
    "tax law wants them for 6 to 10 years",
    INVOICES,
)
AT_THE_BANK = Kept(
    "the references of payments at their providers",
    "by them the books are held against the bank's and the provider's",
)

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


def why_nobody(subject: models.Model) -> str:
    """Return why the walk-in customer is no person."""
    if isinstance(subject, Customer) and subject.customer_number == WALK_IN_NUMBER:
        return "it stands for no person: sales without a name are booked to it"
    return ""


def newest_issued(using: str, key: UUID) -> date | None:
    """Return the day of the customer's newest issued invoice."""
    issued = Invoice.objects.using(using).filter(customer=key)
    newest: date | None = issued.aggregate(day=Max("issued_on"))["day"]
    return newest


def unfinished(using: str, key: UUID) -> Iterator[str]:
    """Yield the invoices that are not settled, and the payments that may still come."""
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
    theirs = Q(order__customer=key) | Q(invoice__customer=key)
    payments = Payment.objects.using(using).live().filter(theirs)
    yield from in_its_status("payment", payments.order_by("payment_number"))
