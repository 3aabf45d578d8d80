"""What must hold of payments, and of what orders say of them."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import (
    Case,
    CharField,
    F,
    Min,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Least

from finance.differing import differing, sum_at
from finance.models import Payment
from finance.services.amounts import exact
from finance.services.totals import FAILURES, newest_charges
from orders.models import Order
from stateset.lib.invariants import Violation

NOTHING_GOES = (Payment.Status.FAILED, Payment.Status.CANCELLED)


def payments_that_differ_from_refunds() -> Iterator[Violation]:
    # One that waits counts: it may still go back.
    yield from differing(
        Payment.objects.charges(),
        "refunded_amount",
        sum_at("refunds__amount", filter=~Q(refunds__status__in=NOTHING_GOES)),
        "refunded",
    )


def payments_applied_too_much() -> Iterator[Violation]:
    kept = exact(F("captured_amount") - F("refunded_amount"))
    rows = (
        Payment.objects.annotate(applied=sum_at("applications__amount"), kept=kept)
        .filter(applied__gt=F("kept"))
        .order_by()
    )
    for number, applied, left in rows.values_list("payment_number", "applied", "kept"):
        yield Violation(number, f"{applied:.4f} applied, {left:.4f} came and stayed")


def orders_that_forgave_too_much() -> Iterator[Violation]:
    forgave = Payment.objects.exclude(forgiven_amount=0).order_by()
    for refund in forgave.filter(Q(order=None) | Q(status__in=NOTHING_GOES)):
        yield Violation(
            str(refund),
            f"forgave {refund.forgiven_amount:.4f}, and gives nothing of an order back",
        )
    # What a total falls by afterwards comes off what was forgiven.
    most = Min(Least("order__amount_refunded", "order__total_amount"))
    sums = (
        forgave.exclude(order=None)
        .values("order")
        .annotate(forgiven=exact(Sum("forgiven_amount")), most=exact(most))
    )
    wrong = sums.filter(forgiven__gt=F("most"))
    for number, forgiven, limit in wrong.values_list(
        "order__order_number", "forgiven", "most"
    ):
        yield Violation(number, f"{forgiven:.4f} forgiven, {limit:.4f} at most")


def orders_that_differ_from_payments() -> Iterator[Violation]:
    charges = Q(payments__kind=Payment.Kind.CHARGE)
    open_ones = charges & Q(payments__status=Payment.Status.AUTHORIZED)
    sums = {
        "amount_paid": sum_at("payments__captured_amount", filter=charges),
        "amount_refunded": sum_at("payments__refunded_amount", filter=charges),
        "amount_authorized": sum_at("payments__amount", filter=open_ones),
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
