"""What is personal in invoices and payments."""

from __future__ import annotations

from finance.models import CashSale, Invoice, InvoiceLine, Payment
from stateset.lib.anonymise import table
from stateset.lib.anonymise_rules import ADDRESS, CODE, FREE_TEXT, PLAIN, own_keys

TABLES = (
    table(
        Invoice,
        "invoice_number",
        supplier_invoice_number=CODE,
        bill_to=ADDRESS,
        status_reason=FREE_TEXT,
        notes=FREE_TEXT,
    ),
    table(InvoiceLine, description=FREE_TEXT),
    table(
        Payment,
        "payment_number",
        "provider",
        provider_reference=CODE,
        reason=FREE_TEXT,
        failure_message=FREE_TEXT,
        # By the key, the books know which return a refund is for.
        idempotency_key=own_keys("return"),
    ),
    table(CashSale, "sale_number", status_reason=FREE_TEXT),
)

PAYLOAD = {
    "amount": PLAIN,
    "credit_note": PLAIN,
    "invoice": PLAIN,
    "payment": PLAIN,
    "refund": PLAIN,
}
