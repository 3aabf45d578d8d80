"""Refunds: rows of their own, and never more than came."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finance.errors import (
    AlreadyRecordedError,
    AmountError,
    PaymentStateError,
    RefundTooLargeError,
)
from finance.models import Invoice, Payment
from finance.services import (
    credit_invoice,
    invoice_order,
    owed_on_order,
    refund_payment,
)
from orders.services import OrderLine, update_order_lines
from stateset.system.models import Event
from tests.finance.builders import (
    make_debt,
    make_invoice,
    make_payment,
    money_of,
    totals_of,
)
from tests.orders.builders import NOON, make_order, make_stocked_variant

pytestmark = pytest.mark.django_db


def test_a_refund_is_a_payment_of_its_own() -> None:
    order = make_debt()
    payment = make_payment(order=order, provider="stripe", provider_reference="pi_1")

    refund = refund_payment(payment, amount=Decimal(30), reason="scratched", at=NOON)

    assert (refund.kind, refund.status, refund.parent) == (
        "refund",
        "succeeded",
        payment,
    )
    assert (refund.amount, refund.currency) == (Decimal(30), "USD")
    assert (refund.order, refund.method, refund.provider) == (order, "card", "stripe")
    assert (refund.reason, refund.processed_at) == ("scratched", NOON)
    assert (payment.status, payment.refunded_amount) == (
        "partially_refunded",
        Decimal(30),
    )
    assert totals_of(order) == ("partially_refunded", Decimal(100), Decimal(30))
    assert Event.objects.filter(event_type="payment.refunded").count() == 1


def test_refunds_in_parts_end_in_a_refunded_payment() -> None:
    order = make_debt()
    payment = make_payment(order=order)

    for _ in range(10):
        refund_payment(payment, amount=Decimal("10.00"), reason="scratched")

    assert (payment.status, payment.refunded_amount) == ("refunded", Decimal(100))
    assert totals_of(order) == ("refunded", Decimal(100), Decimal(100))


def test_more_than_is_left_is_not_refunded() -> None:
    order = make_debt()
    payment = make_payment(order=order)
    refund_payment(payment, amount=Decimal(80), reason="scratched")

    with pytest.raises(RefundTooLargeError) as refusal:
        refund_payment(payment, amount=Decimal("20.01"), reason="scratched")

    assert str(refusal.value) == (
        f"20.01 USD of payment {payment} was not refunded.\n"
        "  why: 20.00 USD of 100.00 USD is left\n"
        "  fix: refund at most 20.00 USD"
    )
    assert refusal.value.left == Decimal(20)
    assert Payment.objects.filter(kind="refund").count() == 1
    assert totals_of(order) == ("partially_refunded", Decimal(100), Decimal(80))


def test_what_did_not_arrive_is_not_refunded() -> None:
    payment = make_payment(has_arrived=False)

    with pytest.raises(PaymentStateError) as refusal:
        refund_payment(payment, amount=Decimal(5), reason="scratched")

    assert str(refusal.value) == (
        f"Payment {payment} was not refunded.\n"
        "  why: it is pending, so no money came\n"
        "  fix: refund a payment that succeeded"
    )


def test_a_refund_is_not_refunded() -> None:
    refund = refund_payment(make_payment(), amount=Decimal(5), reason="scratched")

    with pytest.raises(PaymentStateError) as refusal:
        refund_payment(refund, amount=Decimal(5), reason="scratched")

    assert refusal.value.why == "it is a refund"


def test_an_impossible_amount_is_not_refunded() -> None:
    payment = make_payment()

    with pytest.raises(AmountError) as refusal:
        refund_payment(payment, amount=Decimal("0.005"), reason="scratched")

    assert refusal.value.why == "0.005 is finer than USD can be paid"
    assert payment.refunded_amount == 0


def test_a_refund_credits_the_invoice_it_had_settled() -> None:
    invoice = make_invoice()
    payment = make_payment(invoice=invoice)

    refund_payment(payment, amount=Decimal(30), reason="came back")

    assert money_of(invoice) == ("paid", Decimal(70), Decimal(30))
    note = Invoice.objects.get(kind="credit_note")
    assert (note.credits, note.total) == (invoice, Decimal(30))
    assert note.status_reason == "came back"


def test_a_refund_of_a_mistaken_payment_opens_the_invoice_again() -> None:
    order = make_debt()
    invoice = make_invoice(order)
    payment = make_payment(invoice=invoice)

    refund_payment(payment, amount=Decimal(100), reason="bounced", reopens_invoice=True)

    assert money_of(invoice) == ("open", Decimal(0), Decimal(0))
    assert invoice.paid_at is None
    assert payment.applications.count() == 0
    make_payment(order=order)
    assert money_of(invoice) == ("paid", Decimal(100), Decimal(0))


def test_money_that_settled_nothing_goes_back_first() -> None:
    order = make_debt(100)
    payment = make_payment(order=order)
    refund_payment(payment, amount=Decimal(40), reason="wrong", reopens_invoice=True)

    invoice = make_invoice(order)
    assert money_of(invoice) == ("partially_paid", Decimal(60), Decimal(0))

    refund_payment(payment, amount=Decimal(60), reason="came back")
    assert money_of(invoice) == ("open", Decimal(0), Decimal(60))
    assert invoice.amount_due == Decimal(40)


def test_the_same_key_again_refunds_nothing_more() -> None:
    payment = make_payment()
    first = refund_payment(
        payment, amount=Decimal(30), reason="scratched", idempotency_key="r1"
    )

    again = refund_payment(
        payment, amount=Decimal(30), reason="scratched", idempotency_key="r1"
    )
    with pytest.raises(AlreadyRecordedError) as refusal:
        refund_payment(
            payment, amount=Decimal(31), reason="scratched", idempotency_key="r1"
        )

    assert again == first
    assert refusal.value.what == f"Payment {payment} was not refunded."
    assert refusal.value.why == f"its key was used for {first}, another payment"
    payment.refresh_from_db()
    assert payment.refunded_amount == Decimal(30)


def test_what_was_given_back_before_an_invoice_is_not_owed_again() -> None:
    order = make_debt()
    refund = refund_payment(
        make_payment(order=order), amount=Decimal(30), reason="back"
    )
    assert (refund.forgiven_amount, owed_on_order(order)) == (Decimal(30), Decimal(0))

    invoice = invoice_order(order)

    refund.refresh_from_db()
    assert (invoice.total, invoice.status) == (Decimal(100), "paid")
    assert (invoice.amount_paid, invoice.amount_credited) == (Decimal(70), Decimal(30))
    assert (refund.forgiven_amount, owed_on_order(order)) == (Decimal(0), Decimal(0))


def test_a_payment_that_bounced_before_an_invoice_is_owed_again() -> None:
    order = make_debt()
    payment = make_payment(order=order)

    refund_payment(payment, amount=Decimal(30), reason="bounced", reopens_invoice=True)

    assert owed_on_order(order) == Decimal(30)
    assert invoice_order(order).amount_due == Decimal(30)


def test_money_paid_too_much_forgives_nothing() -> None:
    order = make_debt()
    payment = make_payment(order=order)
    credit_invoice(invoice_order(order), amount=Decimal(20), reason="scratched")

    refund = refund_payment(payment, amount=Decimal(20), reason="scratched")

    assert (refund.forgiven_amount, owed_on_order(order)) == (Decimal(0), Decimal(0))


def test_what_a_lower_total_takes_off_is_not_forgiven_as_well() -> None:
    variant = make_stocked_variant(price=Decimal(100))
    order = make_order(lines=[OrderLine(variant, 1)])
    payment = make_payment(order=order)
    refund = refund_payment(payment, amount=Decimal(40), reason="price lowered")

    lower = OrderLine(variant, 1, discount=Decimal(40), line_number=1)
    update_order_lines(order, lines=[lower])

    refund.refresh_from_db()
    assert (refund.forgiven_amount, owed_on_order(order)) == (Decimal(0), Decimal(0))
    payment.refresh_from_db()
    refund_payment(payment, amount=Decimal(60), reason="bounced", reopens_invoice=True)
    order.refresh_from_db()
    assert owed_on_order(order) == Decimal(60)
