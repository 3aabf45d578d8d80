"""What is charged on an invoice: lines, priced as their order prices them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from finance.errors import InvoiceStateError
from finance.models import Invoice, InvoiceLine
from finance.services.amounts import ZERO, share_of
from orders.models import Order, OrderItem
from stateset.lib.fields import round_money
from stateset.system.services.transitions import save_columns


@dataclass
class Part:
    """How much of an order line invoices charge, credit notes taken off."""

    quantity: int = 0
    net: Decimal = ZERO
    tax: Decimal = ZERO


def invoiced_parts(order: Order, *, but: Invoice | None = None) -> dict[object, Part]:
    """Return what is invoiced of each order line, by its key; ``but`` left out."""
    rows = (
        InvoiceLine.objects.filter(order_item__order=order)
        .exclude(invoice__status=Invoice.Status.VOID)
        .exclude(invoice=but)
        .values("order_item", "invoice__kind")
        .annotate(units=Sum("quantity"), net=Sum("line_total"), tax=Sum("tax_amount"))
        .order_by()
    )
    parts: dict[object, Part] = {}
    for row in rows:
        part = parts.setdefault(row["order_item"], Part())
        sign = -1 if row["invoice__kind"] == Invoice.Kind.CREDIT_NOTE else 1
        part.quantity += sign * row["units"]
        part.net += sign * row["net"]
        part.tax += sign * row["tax"]
    return parts


def order_lines_left(order: Order) -> list[InvoiceLine]:
    """Return unsaved lines for everything of an order that no invoice charges."""
    parts = invoiced_parts(order)
    lines = []
    for item in order.items.order_by("line_number"):
        part = parts.get(item.pk, Part())
        left = item.live_quantity - part.quantity
        if left > 0:
            line = InvoiceLine(line_number=item.line_number, order_item=item)
            lines.append(price_order_line(line, item, left, part, order.currency))
    return lines


def price_order_line(
    line: InvoiceLine, item: OrderItem, quantity: int, part: Part, currency: str
) -> InvoiceLine:
    """Fill a line with ``quantity`` units of an order line, at the order's price.

    Net and tax are the order line's, less what ``part`` charged: however a line is
    split into invoices, they come to what the order asks for.
    """
    units, of = part.quantity + quantity, item.live_quantity
    net = share_of(
        item.total_price, units=units, of=of, taken=part.net, currency=currency
    )
    gross = round_money(item.unit_price * quantity, currency)
    line.description = f"{item.sku} {item.name}"[:255]
    line.quantity = quantity
    line.unit_price = item.unit_price
    line.discount = max(ZERO, gross - net)
    line.tax_rate = item.tax_rate
    line.line_total = net
    line.tax_amount = share_of(
        item.tax_amount, units=units, of=of, taken=part.tax, currency=currency
    )
    return line


def price_line(line: InvoiceLine, currency: str) -> InvoiceLine:
    """Fill line total and tax from quantity, price, discount and rate."""
    gross = round_money(line.unit_price * line.quantity, currency)
    if line.discount > gross:
        raise InvoiceStateError(
            f"Line {line.line_number} was not taken.",
            why=f"its discount {line.discount:.2f} is more than the {gross:.2f} it"
            " costs",
            fix=f"give a discount of at most {gross:.2f}",
        )
    line.line_total = gross - line.discount
    line.tax_amount = round_money(line.line_total * line.tax_rate, currency)
    return line


def recalculate_invoice(invoice: Invoice) -> Invoice:
    """Price a draft's lines anew and add them up; call it after editing them.

    Lines of an order keep the order's price and never pass what it asks for. Raises
    InvoiceStateError for an issued invoice.
    """
    if invoice.status != Invoice.Status.DRAFT:
        raise InvoiceStateError(
            f"Invoice {invoice} was not changed.",
            why="it is issued, and issued invoices are never edited",
            fix="write a credit note and, where needed, a new invoice",
        )
    lines = list(invoice.lines.select_related("order_item").order_by("line_number"))
    parts = invoiced_parts(invoice.order, but=invoice) if invoice.order else {}
    for line in lines:
        _price_again(line, invoice, parts)
        line.save()
    return save_columns(invoice, **sum_lines(lines, invoice.shipping_total))


def sum_lines(
    lines: Iterable[InvoiceLine], shipping_total: Decimal
) -> dict[str, Decimal]:
    """Return the money columns that lines and shipping decide."""
    lines = list(lines)
    subtotal = sum((line.line_total for line in lines), ZERO)
    tax_total = sum((line.tax_amount for line in lines), ZERO)
    return {
        "subtotal": subtotal,
        "tax_total": tax_total,
        "shipping_total": shipping_total,
        "total": subtotal + tax_total + shipping_total,
    }


def _price_again(
    line: InvoiceLine, invoice: Invoice, parts: dict[object, Part]
) -> None:
    item = line.order_item
    if item is None:
        _require_no_order(invoice, line)
        price_line(line, invoice.currency)
        return
    part = parts.get(item.pk, Part())
    left = item.live_quantity - part.quantity
    if item.order_id != invoice.order_id or line.quantity > left:
        raise InvoiceStateError(
            f"Line {line.line_number} of invoice {invoice} was not taken.",
            why=f"{line.quantity} × {item.sku} is charged, {max(0, left)} of order"
            f" {item.order} is left to invoice",
            fix="lower the quantity",
        )
    price_order_line(line, item, line.quantity, part, invoice.currency)


def _require_no_order(invoice: Invoice, line: InvoiceLine) -> None:
    if invoice.order_id is not None:
        raise InvoiceStateError(
            f"Line {line.line_number} of invoice {invoice} was not taken.",
            why=f"it is not a line of order {invoice.order}",
            fix="charge it on an invoice of its own, without an order",
        )
