"""What must hold in the books of money, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Case, CharField, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from finance.models import CashSale, Invoice, InvoiceLine, Payment
from finance.services.amounts import ZERO, exact
from finance.services.totals import FAILURES, newest_charges
from orders.models import Order
from stateset.lib.invariants import Invariant, Violation
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
        net=_sum("lines__line_total"), tax=_sum("lines__tax_amount")
    )
    total = exact(F("subtotal") + F("tax_total") + F("shipping_total"))
    wrong = summed.filter(
        ~Q(subtotal=F("net")) | ~Q(tax_total=F("tax")) | ~Q(total=total)
    )
    for invoice in wrong.order_by():
        row: Any = invoice
        yield Violation(
            str(row),
            f"net {row.subtotal:.4f}, tax {row.tax_total:.4f}, total {row.total:.4f};"
            f" its lines: {row.net:.4f}, {row.tax:.4f}",
        )


def invoices_that_differ_from_applications() -> Iterator[Violation]:
    yield from _differing(
        Invoice.objects.all(), "amount_paid", _sum("applications__amount"), "applied"
    )


def invoices_that_differ_from_credit_notes() -> Iterator[Violation]:
    # A credit note counts itself as credited: nothing of it is open.
    charged = Invoice.objects.exclude(kind=Invoice.Kind.CREDIT_NOTE)
    yield from _differing(
        charged, "amount_credited", _sum("credit_notes__total"), "credited"
    )


def invoices_of_wrong_status() -> Iterator[Violation]:
    issued = Invoice.objects.exclude(
        status__in=(Invoice.Status.DRAFT, Invoice.Status.VOID)
    )
    owed = exact(F("total") - F("amount_credited") - F("amount_paid"))
    rows = issued.alias(owed=owed).annotate(due=SETTLED_STATUS)
    wrong: Any = rows.filter(~Q(status=F("due"))).order_by()
    for invoice in wrong:
        yield Violation(str(invoice), f"is {invoice.status}, should be {invoice.due}")


def order_lines_invoiced_too_much() -> Iterator[Violation]:
    credited = Q(invoice__kind=Invoice.Kind.CREDIT_NOTE)
    ordered = "order_item__quantity"
    number = "order_item__order__order_number"
    line = "order_item__line_number"
    rows = (
        _live_lines()
        .filter(order_item__isnull=False)
        .values("order_item", ordered, number, line)
        .annotate(
            units=Coalesce(Sum("quantity", filter=~credited), 0)
            - Coalesce(Sum("quantity", filter=credited), 0)
        )
        .filter(units__gt=F(ordered))
    )
    for row in rows:
        yield Violation(
            f"{row[number]} line {row[line]}",
            f"{row['units']} invoiced, {row[ordered]} ordered",
        )


def purchase_lines_invoiced_too_much() -> Iterator[Violation]:
    received = "purchase_order_item__quantity_received"
    number = "purchase_order_item__purchase_order__po_number"
    line = "purchase_order_item__line_number"
    rows = (
        _live_lines()
        .filter(purchase_order_item__isnull=False)
        .values("purchase_order_item", received, number, line)
        .annotate(units=Sum("quantity"))
        .filter(units__gt=F(received))
    )
    for row in rows:
        yield Violation(
            f"{row[number]} line {row[line]}",
            f"{row['units']} invoiced, {row[received]} received",
        )


def payments_that_differ_from_refunds() -> Iterator[Violation]:
    # One that waits counts: it may still go back.
    nothing_goes = (Payment.Status.FAILED, Payment.Status.CANCELLED)
    yield from _differing(
        Payment.objects.charges(),
        "refunded_amount",
        _sum("refunds__amount", filter=~Q(refunds__status__in=nothing_goes)),
        "refunded",
    )


def payments_applied_too_much() -> Iterator[Violation]:
    kept = exact(F("captured_amount") - F("refunded_amount"))
    rows = (
        Payment.objects.annotate(applied=_sum("applications__amount"), kept=kept)
        .filter(applied__gt=F("kept"))
        .order_by()
    )
    for number, applied, left in rows.values_list("payment_number", "applied", "kept"):
        yield Violation(number, f"{applied:.4f} applied, {left:.4f} came and stayed")


def orders_that_differ_from_payments() -> Iterator[Violation]:
    charges = Q(payments__kind=Payment.Kind.CHARGE)
    open_ones = charges & Q(payments__status=Payment.Status.AUTHORIZED)
    sums = {
        "amount_paid": _sum("payments__captured_amount", filter=charges),
        "amount_refunded": _sum("payments__refunded_amount", filter=charges),
        "amount_authorized": _sum("payments__amount", filter=open_ones),
    }
    found = {f"found_{column}": each for column, each in sums.items()}
    differs = Q()
    for column in sums:
        differs |= ~Q(**{column: F(f"found_{column}")})
    rows = Order.objects.annotate(**found).filter(differs).order_by()
    for row in rows.values("order_number", *sums, *found):
        for column in sums:
            kept, due = row[column], row[f"found_{column}"]
            if kept != due:
                name = column.replace("_", " ")
                yield Violation(
                    row["order_number"], f"{name} is {kept:.4f}, payments {due:.4f}"
                )


def orders_that_miss_a_failure() -> Iterator[Violation]:
    ended = Payment.objects.charges().filter(status__in=FAILURES).exclude(order=None)
    told_or_due = ~Q(payment_failure="") | Q(pk__in=ended.values("order"))
    newest = Subquery(newest_charges(OuterRef("pk")).values("status")[:1])
    due = Case(
        *(When(newest=status, then=Value(told)) for status, told in FAILURES.items()),
        default=Value(""),
        output_field=CharField(),
    )
    rows = Order.objects.filter(told_or_due).alias(newest=newest).annotate(due=due)
    wrong = rows.filter(~Q(payment_failure=F("due"))).order_by()
    for number, told, should in wrong.values_list(
        "order_number", "payment_failure", "due"
    ):
        yield Violation(
            number, f"says {told or 'nothing'}, should say {should or 'nothing'}"
        )


def live_payments_of_cancelled_orders() -> Iterator[Violation]:
    waiting = Payment.objects.live().filter(order__status=Order.Status.CANCELLED)
    for payment in waiting.select_related("order").order_by():
        yield Violation(
            str(payment), f"is {payment.status}, its order {payment.order} cancelled"
        )


def _in_another_currency(rows: Any, path: str) -> Iterator[Violation]:
    """Yield the rows that are not in the currency of what ``path`` leads to."""
    of_debt = f"{path}__currency"
    wrong = rows.exclude(**{path: None}).exclude(currency=F(of_debt))
    for row in wrong.annotate(debt=F(of_debt)).order_by():
        yield Violation(str(row), f"is in {row.currency}, its {path} in {row.debt}")


def _differing(
    rows: Any, column: str, expression: Combinable, words: str
) -> Iterator[Violation]:
    """Yield the rows whose ``column`` is not what ``expression`` comes to."""
    wrong = rows.annotate(found=expression).filter(~Q(**{column: F("found")}))
    for row in wrong.order_by():
        kept = getattr(row, column)
        name = column.replace("_", " ")
        yield Violation(str(row), f"{name} is {kept:.4f}, {words} {row.found:.4f}")


def _live_lines() -> Any:
    return InvoiceLine.objects.exclude(invoice__status=Invoice.Status.VOID).order_by()


def _sum(path: str, **options: Any) -> Combinable:
    return exact(Coalesce(Sum(path, **options), ZERO))
