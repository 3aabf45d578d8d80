"""Suppliers' invoices: matched with order and receipt, then paid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from finance.errors import AlreadyRecordedError, InvoiceStateError, ThreeWayMatchError
from finance.models import Invoice, InvoiceLine, Payment
from finance.services.amounts import ZERO, money_text, require_amount, sum_of
from finance.services.charges import payment_with_key, require_new_reference
from finance.services.invoice_lines import price_line, sum_lines
from finance.services.posting import post_invoice
from finance.services.settlement import apply_payment, follow_settlement, overpayment
from finance.services.totals import owed_on_invoice
from inventory.models import PurchaseOrder, PurchaseOrderItem
from stateset.lib.fields import round_money
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, next_number
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import lock_row

REFUSED = "The supplier's invoice was not recorded."


@dataclass(frozen=True)
class BilledLine:
    """What a supplier's invoice charges for one line of the purchase order."""

    quantity: int
    unit_price: Decimal


def record_supplier_invoice(
    purchase_order: PurchaseOrder,
    *,
    supplier_invoice_number: str,
    lines: Mapping[UUID, BilledLine] | None = None,
    shipping_total: Decimal | None = None,
    due_on: date | None = None,
    notes: str = "",
    at: datetime | None = None,
) -> Invoice:
    """Record a supplier's invoice, if it agrees with what was ordered and received.

    ``lines`` maps the key of a purchase order line to what is charged for it; left
    out, everything received and not invoiced yet is charged, with the freight left.
    Raises ThreeWayMatchError naming each line that disagrees.
    """
    with business_transaction():
        lock_row(purchase_order)
        _require_new_number(purchase_order, supplier_invoice_number)
        open_lines = _open_lines(purchase_order)
        if lines is None:
            lines = _everything(open_lines)
        _require_match(purchase_order, open_lines, lines)
        freight = _match_freight(purchase_order, shipping_total)
        priced = _priced(purchase_order, open_lines, lines)
        invoice = Invoice.objects.create(
            kind=Invoice.Kind.PAYABLE,
            purchase_order=purchase_order,
            supplier_id=purchase_order.supplier_id,
            supplier_invoice_number=supplier_invoice_number,
            currency=purchase_order.currency,
            due_on=due_on,
            notes=notes,
            created_at=at or timezone.now(),
            created_by_id=acting_user_id(),
            **sum_lines(priced, freight),
        )
        for line in priced:
            line.invoice = invoice
        InvoiceLine.objects.bulk_create(priced)
        post_invoice(
            invoice,
            prefix="BIL",
            days_to_pay=purchase_order.supplier.payment_terms_days,
            at=at,
        )
        return follow_settlement(invoice, at=at)


def pay_supplier_invoice(
    invoice: Invoice,
    *,
    amount: Decimal,
    method: str,
    provider: str = "",
    provider_reference: str = "",
    idempotency_key: str | None = None,
    at: datetime | None = None,
) -> Payment:
    """Pay a supplier's invoice out, in whole or in part; never more than is owed."""
    refused = f"Invoice {invoice} was not paid."
    with business_transaction():
        lock_row(invoice)
        if invoice.kind != Invoice.Kind.PAYABLE:
            raise InvoiceStateError(
                refused,
                why="it is not a supplier's",
                fix="record what a customer paid as a payment",
            )
        earlier = payment_with_key(
            idempotency_key, refused=refused, invoice=invoice, amount=amount
        )
        if earlier is not None:
            return earlier
        require_amount(amount, invoice.currency, refused=refused)
        owed = owed_on_invoice(invoice)
        if amount > owed:
            raise overpayment(
                invoice, owed=owed, amount=amount, currency=invoice.currency
            )
        require_new_reference(provider, provider_reference)
        payment = Payment.objects.create(
            payment_number=next_number("PAY", at=at),
            kind=Payment.Kind.PAYOUT,
            method=method,
            invoice=invoice,
            currency=invoice.currency,
            amount=amount,
            provider=provider,
            provider_reference=provider_reference,
            idempotency_key=idempotency_key,
            created_at=at or timezone.now(),
            created_by_id=acting_user_id(),
        )
        change_status(
            payment,
            Payment.Status.SUCCEEDED,
            event_type="payment.paid_out",
            at=at,
            payload={"amount": amount, "invoice": invoice.invoice_number},
            captured_amount=amount,
            processed_at=at or timezone.now(),
        )
        apply_payment(payment, invoice, amount=amount, at=at)
    return payment


@dataclass
class _OpenLine:
    """A line of the purchase order, and how much of it may still be charged."""

    item: PurchaseOrderItem
    invoiced: int

    @property
    def quantity(self) -> int:
        return self.item.quantity_received - self.invoiced


def _open_lines(purchase_order: PurchaseOrder) -> dict[UUID, _OpenLine]:
    invoiced = dict(
        InvoiceLine.objects.filter(purchase_order_item__purchase_order=purchase_order)
        .exclude(invoice__status=Invoice.Status.VOID)
        .order_by()
        .values_list("purchase_order_item")
        .annotate(units=Sum("quantity"))
    )
    items = purchase_order.items.select_related("variant").order_by("line_number")
    return {item.pk: _OpenLine(item, invoiced.get(item.pk, 0)) for item in items}


def _everything(open_lines: Mapping[UUID, _OpenLine]) -> dict[UUID, BilledLine]:
    return {
        key: BilledLine(line.quantity, line.item.unit_cost)
        for key, line in open_lines.items()
        if line.quantity > 0
    }


def _require_match(
    purchase_order: PurchaseOrder,
    open_lines: Mapping[UUID, _OpenLine],
    lines: Mapping[UUID, BilledLine],
) -> None:
    if not lines:
        raise ThreeWayMatchError(
            REFUSED,
            why=f"nothing of {purchase_order} is received and not invoiced yet",
            fix="receive the goods first, or look at the invoices there are",
        )
    wrong = [
        found
        for key, billed in lines.items()
        for found in _disagreements(open_lines.get(key), billed)
    ]
    if wrong:
        raise ThreeWayMatchError(
            REFUSED,
            why="; ".join(wrong),
            fix="ask the supplier to correct the invoice, or receive what is missing",
        )


def _disagreements(line: _OpenLine | None, billed: BilledLine) -> list[str]:
    if line is None:
        return ["a line is not on the purchase order"]
    item = line.item
    name = f"line {item.line_number} ({item.variant.sku})"
    found = []
    if not 0 < billed.quantity <= line.quantity:
        found.append(
            f"{name}: {billed.quantity} charged, {item.quantity_received} received"
            f" and {line.invoiced} of them invoiced already"
        )
    if billed.unit_price != item.unit_cost:
        found.append(
            f"{name}: {billed.unit_price.normalize():f} a unit charged,"
            f" {item.unit_cost.normalize():f} ordered"
        )
    return found


def _match_freight(purchase_order: PurchaseOrder, asked: Decimal | None) -> Decimal:
    live = purchase_order.invoices.exclude(status=Invoice.Status.VOID)
    charged = sum_of(live, "shipping_total")
    left = max(ZERO, purchase_order.shipping_total - charged)
    if asked is None:
        return left
    if 0 <= asked <= left:
        return round_money(asked, purchase_order.currency)
    raise ThreeWayMatchError(
        REFUSED,
        why=f"freight: {money_text(asked, purchase_order.currency)} charged,"
        f" {money_text(left, purchase_order.currency)} of the order's left",
        fix="ask the supplier to correct the invoice",
    )


def _priced(
    purchase_order: PurchaseOrder,
    open_lines: Mapping[UUID, _OpenLine],
    lines: Mapping[UUID, BilledLine],
) -> list[InvoiceLine]:
    return [
        price_line(
            InvoiceLine(
                line_number=open_lines[key].item.line_number,
                purchase_order_item=open_lines[key].item,
                description=str(open_lines[key].item.variant)[:255],
                quantity=billed.quantity,
                unit_price=billed.unit_price,
                tax_rate=open_lines[key].item.tax_rate,
            ),
            purchase_order.currency,
        )
        for key, billed in lines.items()
    ]


def _require_new_number(purchase_order: PurchaseOrder, number: str) -> None:
    if not number.strip():
        raise ThreeWayMatchError(
            REFUSED, why="it has no number", fix="give the number the supplier wrote"
        )
    earlier = (
        Invoice.objects.filter(
            kind=Invoice.Kind.PAYABLE,
            supplier=purchase_order.supplier_id,
            supplier_invoice_number=number,
        )
        .exclude(status=Invoice.Status.VOID)
        .first()
    )
    if earlier is not None:
        raise AlreadyRecordedError(
            REFUSED,
            why=f"{earlier} is the supplier's invoice {number} already",
            fix="look at that one, or correct the number",
        )
