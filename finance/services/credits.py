"""Credit notes: the one way to correct an issued invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Sum
from django.utils import timezone

from finance.errors import CreditTooLargeError, FinanceError, InvoiceStateError
from finance.models import Invoice, InvoiceLine
from finance.services.amounts import (
    ZERO,
    money_text,
    raised,
    require_amount,
    share_of,
)
from finance.services.invoice_lines import sum_lines
from finance.services.posting import post_invoice
from finance.services.settlement import follow_settlement, require_receivable
from stateset.lib.fields import round_money
from stateset.lib.journal import business_transaction
from stateset.system.services import record_event
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import lock_row

WHOLE_INVOICE = 0
"""Line number of a credit that corrects no line in particular.

Every other line of a credit note has the number of the line it corrects.
"""


def credit_invoice(
    invoice: Invoice,
    *,
    reason: str,
    amount: Decimal | None = None,
    lines: Mapping[UUID, int] | None = None,
    at: datetime | None = None,
) -> Invoice:
    """Write a credit note over ``amount``, or over units of lines; return it.

    ``lines`` maps the key of an invoice line to units. What was paid beyond the
    rest is the customer's and waits to be refunded. Raises CreditTooLargeError.
    """
    with business_transaction(reason=reason):
        if invoice.order is not None:
            lock_row(invoice.order)
        lock_row(invoice)
        _require_creditable(invoice)
        if amount is not None and lines is None:
            credited = [_line_over(invoice, amount, reason)]
        elif lines and amount is None:
            credited = _lines_over(invoice, lines)
        else:
            raise FinanceError(
                f"Invoice {invoice} was not credited.",
                why="neither one amount nor units of lines were given",
                fix="give an amount, or units of lines, but not both",
            )
        return _write(invoice, credited, reason, at=at)


def _require_creditable(invoice: Invoice) -> None:
    refused = f"Invoice {invoice} was not credited."
    require_receivable(invoice, refused=refused)
    if invoice.status in (Invoice.Status.DRAFT, Invoice.Status.VOID):
        raise InvoiceStateError(
            refused,
            why=f"it is {invoice.get_status_display().lower()}",
            fix="only an issued invoice can be credited",
        )


def _line_over(invoice: Invoice, amount: Decimal, reason: str) -> InvoiceLine:
    require_amount(
        amount, invoice.currency, refused=f"Invoice {invoice} was not credited."
    )
    tax = ZERO
    if invoice.total:
        share = amount * invoice.tax_total / invoice.total
        tax = round_money(share, invoice.currency)
    return InvoiceLine(
        line_number=WHOLE_INVOICE,
        description=reason[:255],
        quantity=1,
        unit_price=amount - tax,
        tax_amount=tax,
        line_total=amount - tax,
    )


def _lines_over(invoice: Invoice, lines: Mapping[UUID, int]) -> list[InvoiceLine]:
    charged = {line.pk: line for line in invoice.lines.order_by("line_number")}
    foreign = set(lines) - set(charged)
    if foreign:
        raise FinanceError(
            f"Invoice {invoice} was not credited.",
            why=f"it has no line {min(map(str, foreign))}",
            fix="name lines of this invoice",
        )
    earlier = _credited_before(invoice)
    return [
        _part_of(line, lines[key], earlier.get(line.line_number, _Credited()), invoice)
        for key, line in charged.items()
        if key in lines
    ]


@dataclass(frozen=True)
class _Credited:
    """What credit notes took off a line already."""

    units: int = 0
    net: Decimal = ZERO
    tax: Decimal = ZERO


def _credited_before(invoice: Invoice) -> dict[int, _Credited]:
    rows = (
        InvoiceLine.objects.filter(invoice__credits=invoice)
        .values("line_number")
        .annotate(units=Sum("quantity"), net=Sum("line_total"), tax=Sum("tax_amount"))
        .order_by()
    )
    return {
        row["line_number"]: _Credited(row["units"], row["net"], row["tax"])
        for row in rows
    }


def _part_of(
    line: InvoiceLine, units: int, before: _Credited, invoice: Invoice
) -> InvoiceLine:
    left = line.quantity - before.units
    if not 0 < units <= left:
        raise CreditTooLargeError(
            f"Line {line.line_number} of invoice {invoice} was not credited.",
            why=f"{units} of {line.quantity} units were asked, {left} are left",
            fix=f"credit 1 to {left} units" if left else "leave the line out",
            left=Decimal(left),
        )
    so_far, of, currency = before.units + units, line.quantity, invoice.currency
    net = share_of(
        line.line_total, units=so_far, of=of, taken=before.net, currency=currency
    )
    tax = share_of(
        line.tax_amount, units=so_far, of=of, taken=before.tax, currency=currency
    )
    gross = round_money(line.unit_price * units, currency)
    return InvoiceLine(
        line_number=line.line_number,
        order_item_id=line.order_item_id,
        description=line.description,
        quantity=units,
        unit_price=line.unit_price,
        discount=max(ZERO, gross - net),
        tax_rate=line.tax_rate,
        tax_amount=tax,
        line_total=net,
    )


def _write(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    reason: str,
    *,
    at: datetime | None,
) -> Invoice:
    sums = sum_lines(lines, ZERO)
    _count(invoice, sums["total"])
    note = Invoice.objects.create(
        kind=Invoice.Kind.CREDIT_NOTE,
        credits=invoice,
        order_id=invoice.order_id,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        bill_to=invoice.bill_to,
        status_reason=reason[:255],
        amount_credited=sums["total"],
        created_at=at or timezone.now(),
        created_by_id=acting_user_id(),
        **sums,
    )
    for line in lines:
        line.invoice = note
    InvoiceLine.objects.bulk_create(lines)
    post_invoice(note, prefix="CRN", days_to_pay=0, at=at)
    follow_settlement(note, at=at)
    record_event(
        invoice,
        "invoice.credited",
        {"credit_note": note.invoice_number, "amount": note.total, "reason": reason},
        at=at,
    )
    follow_settlement(invoice, at=at)
    return note


def _count(invoice: Invoice, amount: Decimal) -> None:
    """Raise ``amount_credited`` if that much is left, in one conditional UPDATE."""
    credited = raised("amount_credited", amount)
    changed = (
        Invoice.objects.alias(credited_then=credited)
        .filter(pk=invoice.pk, credited_then__lte=F("total"))
        .update(
            amount_credited=credited,
            version=F("version") + 1,
            updated_at=timezone.now(),
        )
    )
    invoice.refresh_from_db()
    if changed:
        return
    left = invoice.total - invoice.amount_credited
    raise CreditTooLargeError(
        f"{money_text(amount, invoice.currency)} of invoice {invoice} was not"
        " credited.",
        why=f"{money_text(left, invoice.currency)} of"
        f" {money_text(invoice.total, invoice.currency)} is left",
        fix=f"credit at most {money_text(left, invoice.currency)}"
        if left
        else "look at its credit notes; all of it is credited",
        left=left,
    )
