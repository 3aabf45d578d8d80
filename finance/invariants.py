"""What must hold in the books of money, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, F, Q, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from finance.differing import differing, sum_at
from finance.models import CashSale, Invoice, InvoiceLine, Payment
from finance.payment_invariants import (
    live_payments_of_cancelled_orders,
    orders_that_differ_from_payments,
    orders_that_forgave_too_much,
    orders_that_miss_a_failure,
    payments_applied_too_much,
    payments_that_differ_from_refunds,
)
from finance.services.amounts import exact
from inventory.models import PurchaseOrderItem
from orders.models import OrderItem
from stateset.lib.invariants import Invariant, Violation
from stateset.lib.whole_rows import whole_rows
from stateset.system.models import NumberSequence

SERIES = ("INV-", "CRN-", "BIL-")
SETTLED_STATUS = Case(
    When(owed__lte=0, then=Value(Invoice.Status.PAID)),
    When(amount_paid__gt=0, then=Value(Invoice.Status.PARTIALLY_PAID)),
    default=Value(Invoice.Status.OPEN),
    output_field=CharField(),
)
"""What ``settled_status`` says of an invoice on which so much is ``owed``."""


def invariants() -> tuple[Invariant, ...]:
    """Return the rules of invoices and payments, cheapest first."""
    return (
        Invariant(
            "finance.invoice_numbers",
            "Numbers of invoices have no gaps.",
            series_with_gaps,
        ),
        Invariant(
            "finance.cash_sales",
            "A cash sale, its payment and its order come to the same.",
            cash_sales_that_disagree,
        ),
        Invariant(
            "finance.currencies",
            "Invoices and payments are in the currency of what they are for.",
            money_in_another_currency,
        ),
        Invariant(
            "finance.invoice_totals",
            "The totals of an invoice are the sums of its lines, and shipping.",
            invoices_that_differ_from_lines,
            is_long=True,
        ),
        Invariant(
            "finance.invoice_payments",
            "What is paid on an invoice is what payments were applied to it.",
            invoices_that_differ_from_applications,
        ),
        Invariant(
            "finance.invoice_credits",
            "What is credited on an invoice is what its credit notes come to.",
            invoices_that_differ_from_credit_notes,
        ),
        Invariant(
            "finance.invoice_status",
            "The status of an issued invoice follows from what is open on it.",
            invoices_of_wrong_status,
        ),
        Invariant(
            "finance.invoiced_units",
            "No more of an order line is invoiced than was ordered.",
            order_lines_invoiced_too_much,
        ),
        Invariant(
            "finance.three_way_match",
            "No more of a purchase is invoiced than was received.",
            purchase_lines_invoiced_too_much,
        ),
        Invariant(
            "finance.refunds",
            "What is refunded of a payment is what its refunds come to.",
            payments_that_differ_from_refunds,
        ),
        Invariant(
            "finance.applications",
            "No more of a payment is applied than came and stayed.",
            payments_applied_too_much,
        ),
        Invariant(
            "finance.forgiven",
            "Refunds of an order forgave no more than went back, and than it costs.",
            orders_that_forgave_too_much,
        ),
        Invariant(
            "finance.order_money",
            "What is paid, refunded and authorised on an order is what its payments"
            " come to.",
            orders_that_differ_from_payments,
        ),
        Invariant(
            "finance.order_failures",
            "An order says a payment failed or was voided if its newest one did.",
            orders_that_miss_a_failure,
        ),
        Invariant(
            "finance.cancelled_orders",
            "No money is to come for a cancelled order.",
            live_payments_of_cancelled_orders,
        ),
    )


def series_with_gaps() -> Iterator[Violation]:
    for prefix in SERIES:
        for series in NumberSequence.objects.filter(key__startswith=prefix):
            numbers = Invoice.objects.filter(
                invoice_number__startswith=f"{series.key}-"
            )
            there = numbers.count()
            given = series.next_value - 1 - series.skipped
            if there != given:
                yield Violation(series.key, f"{given} numbers given, {there} invoices")


def cash_sales_that_disagree() -> Iterator[Violation]:
    same = Q(amount=F("payment__captured_amount")) & Q(amount=F("order__total_amount"))
    rows = CashSale.objects.filter(~same).order_by()
    for number, amount, paid, total in rows.values_list(
        "sale_number", "amount", "payment__captured_amount", "order__total_amount"
    ):
        yield Violation(
            number, f"sold {amount:.4f}, paid {paid:.4f}, ordered {total:.4f}"
        )


def money_in_another_currency() -> Iterator[Violation]:
    for rows, path in (
        (Invoice.objects, "order"),
        (Invoice.objects, "credits"),
        (Payment.objects, "order"),
        (Payment.objects, "invoice"),
        (Payment.objects, "parent"),
        (CashSale.objects, "order"),
        (CashSale.objects, "payment"),
    ):
        yield from _in_another_currency(rows, path)


def invoices_that_differ_from_lines() -> Iterator[Violation]:
    summed = Invoice.objects.annotate(
        net=sum_at("lines__line_total"), tax=sum_at("lines__tax_amount")
    )
    total = exact(F("subtotal") + F("tax_total") + F("shipping_total"))
    wrong = summed.filter(
        ~Q(subtotal=F("net")) | ~Q(tax_total=F("tax")) | ~Q(total=total)
    )
    sums = {
        key: lines for key, *lines in wrong.order_by().values_list("pk", "net", "tax")
    }
    for key, row in whole_rows(Invoice.objects.all(), sums):
        net, tax = sums[key]
        yield Violation(
            str(row),
            f"net {row.subtotal:.4f}, tax {row.tax_total:.4f}, total {row.total:.4f};"
            f" its lines: {net:.4f}, {tax:.4f}",
        )


def invoices_that_differ_from_applications() -> Iterator[Violation]:
    yield from differing(
        Invoice.objects.all(), "amount_paid", sum_at("applications__amount"), "applied"
    )


def invoices_that_differ_from_credit_notes() -> Iterator[Violation]:
    # A credit note counts itself as credited: nothing of it is open.
    charged = Invoice.objects.exclude(kind=Invoice.Kind.CREDIT_NOTE)
    yield from differing(
        charged, "amount_credited", sum_at("credit_notes__total"), "credited"
    )


def invoices_of_wrong_status() -> Iterator[Violation]:
    for invoice in with_settled_status().filter(~Q(status=F("due"))).order_by():
        yield Violation(str(invoice), f"is {invoice.status}, should be {invoice.due}")


def with_settled_status() -> Any:
    """Return the issued invoices, each with the status it is ``due``."""
    issued = Invoice.objects.exclude(
        status__in=(Invoice.Status.DRAFT, Invoice.Status.VOID)
    )
    owed = exact(F("total") - F("amount_credited") - F("amount_paid"))
    return issued.alias(owed=owed).annotate(due=SETTLED_STATUS)


def order_lines_invoiced_too_much() -> Iterator[Violation]:
    credited = Q(invoice__kind=Invoice.Kind.CREDIT_NOTE)
    units = Coalesce(Sum("quantity", filter=~credited), 0) - Coalesce(
        Sum("quantity", filter=credited), 0
    )
    wrong = _lines_with_more("order_item", units, most="quantity")
    for key, line in whole_rows(OrderItem.objects.select_related("order"), wrong):
        yield Violation(
            f"{line.order} line {line.line_number}",
            f"{wrong[key]} invoiced, {line.quantity} ordered",
        )


def purchase_lines_invoiced_too_much() -> Iterator[Violation]:
    wrong = _lines_with_more(
        "purchase_order_item", Sum("quantity"), most="quantity_received"
    )
    lines = PurchaseOrderItem.objects.select_related("purchase_order")
    for key, line in whole_rows(lines, wrong):
        yield Violation(
            f"{line.purchase_order} line {line.line_number}",
            f"{wrong[key]} invoiced, {line.quantity_received} received",
        )


def _in_another_currency(rows: Any, path: str) -> Iterator[Violation]:
    """Yield the rows that are not in the currency of what ``path`` leads to."""
    of_debt = f"{path}__currency"
    wrong = rows.exclude(**{path: None}).exclude(currency=F(of_debt))
    for row in wrong.annotate(debt=F(of_debt)).order_by():
        yield Violation(str(row), f"is in {row.currency}, its {path} in {row.debt}")


def _lines_with_more(path: str, units: Combinable, *, most: str) -> dict[UUID, int]:
    """Return the lines of which invoices charge more than ``most``, and how many."""
    charged = InvoiceLine.objects.exclude(invoice__status=Invoice.Status.VOID)
    counted = charged.exclude(**{path: None}).order_by().values(path)
    wrong = counted.annotate(units=units, most=F(f"{path}__{most}"))
    return dict(wrong.filter(units__gt=F("most")).values_list(path, "units"))
