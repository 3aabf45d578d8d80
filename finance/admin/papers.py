"""Papers that customers get: invoices and credit notes."""

from __future__ import annotations

from typing import Any

from finance.admin.columns import money_due
from finance.models import Invoice
from inventory.models import Location
from stateset.lib.admin import money_text
from stateset.lib.admin.papers import Paper


def contents(invoice: Invoice) -> dict[str, Any]:
    """Return what the printed invoice says, amounts as they are written."""

    def written(amount: Any) -> str:
        return money_text(amount, invoice.currency)

    lines = invoice.lines.order_by("line_number")
    return {
        "title": f"{_name(invoice)} {invoice}",
        "sender": Location.objects.filter(is_default=True).first(),
        "lines": [
            (
                line,
                f"{line.unit_price.normalize():,f}",
                written(line.discount) if line.discount else "",
                f"{(line.tax_rate * 100).normalize():f} %",
                written(line.line_total),
            )
            for line in lines
        ],
        "sums": [
            ("Net", written(invoice.subtotal)),
            ("Tax", written(invoice.tax_total)),
            ("Shipping", written(invoice.shipping_total)),
        ],
        "total": written(invoice.total),
        "settled": [
            (words, written(amount))
            for words, amount in (
                ("Paid", invoice.amount_paid),
                ("Credited", invoice.amount_credited),
            )
            if amount and invoice.kind == Invoice.Kind.RECEIVABLE
        ],
        "due": money_due(invoice),
    }


def _name(invoice: Invoice) -> str:
    is_credit = invoice.kind == Invoice.Kind.CREDIT_NOTE
    return "Credit note" if is_credit else "Invoice"


PRINTED_INVOICE = Paper(
    "invoice",
    "Print",
    "finance/invoice.html",
    contents,
    refusal=lambda row: (
        "it is a supplier's" if row.kind == Invoice.Kind.PAYABLE else ""
    ),
)
