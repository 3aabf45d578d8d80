"""Open an invoice or credit note: its number and its day, in this transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from finance.models import Invoice
from finance.services.amounts import money_text
from stateset.system.services import change_status, next_number

DAYS_TO_PAY = 30
"""When an invoice is due if its draft names no day."""


def post_invoice(
    invoice: Invoice,
    *,
    prefix: str,
    days_to_pay: int = DAYS_TO_PAY,
    at: datetime | None,
) -> Invoice:
    """Open an invoice under the next number of its series."""
    issued_on = (at or timezone.now()).date()
    return change_status(
        invoice,
        Invoice.Status.OPEN,
        event_type="invoice.issued",
        at=at,
        payload={"total": money_text(invoice.total, invoice.currency)},
        invoice_number=next_number(prefix, at=at),
        issued_on=issued_on,
        due_on=max(
            invoice.due_on or issued_on + timedelta(days=days_to_pay), issued_on
        ),
    )
