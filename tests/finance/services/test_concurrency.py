"""Many at once, on real connections: no more than is owed, no more than came."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from finance.errors import (
    NothingToInvoiceError,
    OverpaymentError,
    PaymentStateError,
    RefundTooLargeError,
    ThreeWayMatchError,
)
from finance.invariants import invariants
from finance.models import Invoice, Payment, PaymentApplication
from finance.services import (
    capture_payment,
    credit_invoice,
    draft_invoice_for_order,
    expire_authorizations,
    issue_invoice,
    pay_supplier_invoice,
    record_authorization,
    record_payment,
    record_supplier_invoice,
    refund_payment,
    void_cash_sale,
    void_invoice,
    void_payment,
)
from inventory.models import PurchaseOrder
from orders.models import Order
from orders.services import OrderLine, cancel_order
from stateset.lib.invariants import violations
from stateset.lib.states import InvalidTransitionError
from stateset.system.services.transitions import ChangedMeanwhileError
from tests.finance.builders import (
    make_authorization,
    make_cash_sale,
    make_debt,
    make_invoice,
    make_payment,
    money_of,
    order_of,
    totals_of,
)
from tests.finance.services.test_payables import make_received, record
from tests.fulfillment.builders import books
from tests.orders.builders import NOON, default_location, make_stocked_variant
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def test_parallel_refunds_never_give_back_more_than_came() -> None:
    order = make_debt()
    key = make_payment(order=order).pk
    copies = [Payment.objects.get(pk=key) for _ in range(6)]

    results = at_once(
        *[
            lambda copy=copy: refund_payment(copy, amount=Decimal(30), reason="damaged")
            for copy in copies
        ]
    )

    assert refusals(results) == [RefundTooLargeError] * 3
    assert Payment.objects.get(pk=key).refunded_amount == Decimal(90)
    refunds = Payment.objects.filter(kind="refund").aggregate(sum=Sum("amount"))
    assert refunds["sum"] == Decimal(90)
    assert totals_of(order) == ("partially_refunded", Decimal(100), Decimal(90))


@pytest.mark.parametrize("has_order", [True, False])
def test_parallel_payments_of_one_invoice_never_pass_its_total(
    *, has_order: bool
) -> None:
    order = make_debt()
    key = make_invoice(order).pk
    if not has_order:
        Invoice.objects.update(order=None)
    copies = [Invoice.objects.get(pk=key) for _ in range(6)]

    results = at_once(
        *[
            lambda copy=copy: record_payment(
                invoice=copy, amount=Decimal(30), method="card"
            )
            for copy in copies
        ]
    )

    assert refusals(results) == [OverpaymentError] * 3
    assert money_of(Invoice.objects.get()) == (
        "partially_paid",
        Decimal(90),
        Decimal(0),
    )
    assert PaymentApplication.objects.count() == 3
    paid = Decimal(90 if has_order else 0)
    status = "partially_paid" if has_order else "pending"
    assert totals_of(order) == (status, paid, Decimal(0))


def test_one_payment_sent_several_times_with_one_key_is_recorded_once() -> None:
    order = make_debt()
    copies = [Order.objects.get(pk=order.pk) for _ in range(4)]

    results = at_once(
        *[
            lambda copy=copy: record_payment(
                order=copy, amount=Decimal(60), method="card", idempotency_key="k1"
            )
            for copy in copies
        ]
    )

    assert {result.pk for result in results} == {Payment.objects.get().pk}
    assert totals_of(order) == ("partially_paid", Decimal(60), Decimal(0))


def test_of_two_issues_of_one_draft_one_is_told() -> None:
    key = draft_invoice_for_order(make_debt()).pk
    one, other = (Invoice.objects.get(pk=key) for _ in range(2))

    results = at_once(lambda: issue_invoice(one), lambda: issue_invoice(other))

    assert refusals(results) == [ChangedMeanwhileError]
    assert make_invoice().invoice_number == "INV-2026-000002"


def test_of_two_drafts_for_one_order_one_is_told() -> None:
    order = make_debt()
    copies = [Order.objects.get(pk=order.pk) for _ in range(2)]

    results = at_once(
        *[lambda copy=copy: draft_invoice_for_order(copy) for copy in copies]
    )

    assert refusals(results) == [NothingToInvoiceError]
    assert Invoice.objects.count() == 1


def test_an_invoice_is_paid_or_void_but_not_both() -> None:
    key = make_invoice().pk
    one, other = (Invoice.objects.get(pk=key) for _ in range(2))

    results = at_once(
        lambda: record_payment(invoice=one, amount=Decimal(100), method="card"),
        lambda: void_invoice(other, reason="wrong address"),
    )

    assert len(refusals(results)) == 1
    assert money_of(Invoice.objects.get()) in (
        ("paid", Decimal(100), Decimal(0)),
        ("void", Decimal(0), Decimal(0)),
    )


def test_paying_and_crediting_at_once_keep_both_books() -> None:
    order = make_debt()
    key = make_invoice(order).pk
    one, other = (Invoice.objects.get(pk=key) for _ in range(2))

    results = at_once(
        lambda: record_payment(invoice=one, amount=Decimal(70), method="card"),
        lambda: credit_invoice(other, amount=Decimal(30), reason="scratched"),
    )

    assert refusals(results) == []
    assert money_of(Invoice.objects.get(pk=key)) == ("paid", Decimal(70), Decimal(30))


def test_parallel_payouts_never_pass_a_suppliers_invoice() -> None:
    key = record(make_received(10)).pk
    copies = [Invoice.objects.get(pk=key) for _ in range(4)]

    results = at_once(
        *[
            lambda copy=copy: pay_supplier_invoice(
                copy, amount=Decimal(15), method="check"
            )
            for copy in copies
        ]
    )

    assert refusals(results) == [OverpaymentError] * 3
    assert Payment.objects.count() == 1


def test_of_two_suppliers_invoices_over_the_same_goods_one_is_refused() -> None:
    key = make_received(10).pk
    one, other = (PurchaseOrder.objects.get(pk=key) for _ in range(2))

    results = at_once(
        lambda: record_supplier_invoice(one, supplier_invoice_number="F-1"),
        lambda: record_supplier_invoice(other, supplier_invoice_number="F-2"),
    )

    assert refusals(results) == [ThreeWayMatchError]
    assert Invoice.objects.count() == 1


def test_selling_and_voiding_at_once_do_not_wait_for_each_other_for_ever() -> None:
    default_location()
    variant = make_stocked_variant(20)
    sales = [make_cash_sale(lines=[OrderLine(variant, 2)]) for _ in range(3)]
    cashier = sales[0].cashier

    results = at_once(
        *[
            lambda sale=sale: void_cash_sale(sale, reason="wrong colour", at=NOON)
            for sale in sales
        ],
        *[
            lambda: make_cash_sale(lines=[OrderLine(variant, 1)], cashier=cashier)
            for _ in range(3)
        ],
    )

    assert refusals(results) == []
    assert books(variant) == (17, 0, 0)


def copies_of(payment: Payment, count: int) -> list[Payment]:
    """Return the payment as several people have it before them."""
    return [
        Payment.objects.select_related("order", "invoice").get(pk=payment.pk)
        for _ in range(count)
    ]


def assert_books_hold() -> None:
    assert list(violations(invariants())) == []


def test_of_two_captures_one_is_told() -> None:
    payment = make_authorization()
    one, other = copies_of(payment, 2)

    results = at_once(
        lambda: capture_payment(one, amount=Decimal(60), at=NOON),
        lambda: capture_payment(other, amount=Decimal(60), at=NOON),
    )

    assert refusals(results) == [PaymentStateError]
    assert totals_of(order_of(payment)) == ("partially_paid", Decimal(60), Decimal(0))
    assert_books_hold()


def test_captures_of_several_authorisations_never_pass_what_is_owed() -> None:
    order = make_debt()
    held = [make_authorization(order=order, amount=Decimal(40)) for _ in range(2)]
    mine, other = (copies_of(payment, 1)[0] for payment in held)
    cash = Order.objects.get(pk=order.pk)

    results = at_once(
        lambda: capture_payment(mine, amount=Decimal(40), at=NOON),
        lambda: capture_payment(other, amount=Decimal(40), at=NOON),
        lambda: record_payment(order=cash, amount=Decimal(60), method="cash"),
    )

    assert refusals(results) == [OverpaymentError]
    assert totals_of(order)[1] in (Decimal(80), Decimal(100))
    assert_books_hold()


def test_an_authorisation_is_captured_or_void_but_not_both() -> None:
    payment = make_authorization()
    one, other = copies_of(payment, 2)

    results = at_once(
        lambda: capture_payment(one, at=NOON),
        lambda: void_payment(other, reason="pays cash"),
    )

    assert refusals(results) in ([PaymentStateError], [InvalidTransitionError])
    assert totals_of(order_of(payment)) in (
        ("paid", Decimal(100), Decimal(0)),
        ("voided", Decimal(0), Decimal(0)),
    )
    assert_books_hold()


def test_capturing_for_an_order_that_is_being_cancelled() -> None:
    payment = make_authorization()
    (mine,) = copies_of(payment, 1)
    order = order_of(payment)

    results = at_once(
        lambda: capture_payment(mine, at=NOON),
        lambda: cancel_order(order, reason="customer asked"),
    )

    # Whoever cancels saw an order without the money, or the capture finds no order.
    assert refusals(results) in ([PaymentStateError], [ChangedMeanwhileError])
    order.refresh_from_db()
    mine.refresh_from_db()
    assert (order.status, mine.status) in (
        ("confirmed", "succeeded"),
        ("cancelled", "voided"),
    )
    assert_books_hold()


def test_refunds_at_once_never_pass_what_was_captured() -> None:
    payment = capture_payment(make_authorization(), amount=Decimal(50), at=NOON)

    results = at_once(
        *[
            lambda copy=copy: refund_payment(copy, amount=Decimal(20), reason="damaged")
            for copy in copies_of(payment, 4)
        ]
    )

    assert refusals(results) == [RefundTooLargeError] * 2
    assert totals_of(order_of(payment)) == (
        "partially_refunded",
        Decimal(50),
        Decimal(40),
    )
    assert_books_hold()


def test_parallel_authorisations_never_pass_what_is_owed() -> None:
    order = make_debt()
    copies = [Order.objects.get(pk=order.pk) for _ in range(5)]

    results = at_once(
        *[
            lambda copy=copy: record_authorization(
                order=copy, amount=Decimal(30), method="card"
            )
            for copy in copies
        ]
    )

    assert refusals(results) == [OverpaymentError] * 2
    order.refresh_from_db()
    assert order.amount_authorized == Decimal(90)
    assert_books_hold()


def test_two_sweepers_let_each_authorisation_go_once() -> None:
    for _ in range(4):
        make_authorization()
    late = NOON + timedelta(days=8)

    results = at_once(*[lambda: expire_authorizations(at=late)] * 3)

    # What one is just using, another leaves to it.
    assert sum(results) == 4
    assert set(Payment.objects.values_list("status", flat=True)) == {"expired"}
    assert_books_hold()
