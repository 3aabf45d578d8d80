"""Columns of invoices that no single column of the table has."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html

from finance.models import Invoice
from finance.services import owed_on_invoice
from stateset.lib.admin import (
    GOOD,
    PROBLEM,
    link,
    long_words,
    money_text,
    pill,
    status_pill,
)

STATUS = status_pill()
PAYMENT_STATUS = status_pill(colours={"succeeded": GOOD})


@admin.display(description="status", ordering="status")
def invoice_status(invoice: Invoice) -> str:
    """Return the status as a pill, or that it is overdue."""
    if invoice.is_overdue(timezone.now().date()):
        return pill("Overdue", PROBLEM)
    return str(STATUS(invoice))


@admin.display(description="due")
def money_due(invoice: Invoice) -> str:
    """Return what is still to be paid; nothing before it is issued."""
    words = money_text(owed_on_invoice(invoice), invoice.currency)
    return format_html('<span class="ss-number">{}</span>', words)


@admin.display(description="party")
def name_of_party(invoice: Invoice) -> str:
    """Return the customer or the supplier, as a link."""
    party = invoice.customer or invoice.supplier
    return link(party, long_words(str(party)))
