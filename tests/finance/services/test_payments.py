"""Payments: never above what is owed, never twice, applied to invoices."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finance.errors import (
    AlreadyRecordedError,
    AmountError,
    CurrencyMismatchError,
    FinanceError,
    InvoiceStateError,
    OverpaymentError,
)
from finance.models import Invoice, Payment
from finance.services import (
    cancel_payment,
    confirm_payment,
    credit_invoice,
    draft_invoice_for_order,
    fail_payment,
    record_payment,
)
from orders.services import cancel_order
from stateset.lib.journal import acting
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.finance.builders import (
    make_debt,
    make_invoice,
    make_payment,
    money_of,
    totals_of,
)
from tests.orders.builders import NOON
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_a_payment_pays_its_order() -> None:
    order = make_debt(100)
    cashier = make_user()

    with acting(actor_id=str(cashier.pk)):
        payment = record_payment(
            order=order,
            amount=Decimal("40.10"),
            method="card",
            provider="stripe",
            provider_reference="pi_1",
            at=NOON,
        )

    assert payment.payment_number == "PAY-2026-000001"
    assert (payment.kind, payment.status) == ("charge", "succeeded")
    assert (payment.processed_at, payment.currency) == (NOON, "USD")
    assert payment.created_by == cashier
    assert totals_of(order) == ("partially_paid", Decimal("40.10"), Decimal(0))
    event = Event.objects.get(event_type="payment.succeeded")
    assert event.payload == {
        "from": "pending",
        "to": "succeeded",
        "amount": "40.10 USD",
    }
    make_payment(order=order, amount=Decimal("59.90"))
    assert totals_of(order) == ("paid", Decimal(100), Decimal(0))


def test_amounts_add_up_without_binary_dust() -> None:
    order = make_debt(1)
    invoice = make_invoice(order)

    for _ in range(10):
        make_payment(invoice=invoice, amount=Decimal("0.10"))

    assert money_of(invoice) == ("paid", Decimal(1), Decimal(0))
    assert totals_of(order) == ("paid", Decimal(1), Decimal(0))


def test_more_than_is_owed_is_not_taken() -> None:
    order = make_debt(100)
    make_payment(order=order, amount=Decimal(70))

    with pytest.raises(OverpaymentError) as refusal:
        make_payment(order=order, amount=Decimal("30.01"))

    assert str(refusal.value) == (
        f"30.01 USD was not taken for {order}.\n"
        "  why: 30.00 USD is owed\n"
        "  fix: take at most 30.00 USD"
    )
    assert refusal.value.owed == Decimal(30)
    assert Payment.objects.count() == 1
    assert totals_of(order) == ("partially_paid", Decimal(70), Decimal(0))


def test_nothing_is_taken_for_what_is_paid() -> None:
    payment = make_payment()

    with pytest.raises(OverpaymentError) as refusal:
        make_payment(order=payment.order, amount=Decimal(1))

    assert refusal.value.fix == "check the number; nothing is owed"


def test_nothing_is_taken_for_a_cancelled_order() -> None:
    order = make_debt()
    cancel_order(order, reason="customer asked")

    with pytest.raises(OverpaymentError):
        make_payment(order=order)

    assert Payment.objects.count() == 0


def test_a_payment_settles_the_invoices_of_its_order() -> None:
    order = make_debt(100)
    invoice = make_invoice(order)

    payment = make_payment(order=order, amount=Decimal(60))

    assert money_of(invoice) == ("partially_paid", Decimal(60), Decimal(0))
    assert payment.applications.get().amount == Decimal(60)
    make_payment(order=order, amount=Decimal(40))
    assert money_of(invoice) == ("paid", Decimal(100), Decimal(0))
    assert invoice.paid_at == NOON


def test_what_was_credited_is_not_owed() -> None:
    order = make_debt(100)
    invoice = make_invoice(order)
    credit_invoice(invoice, amount=Decimal(30), reason="scratched")

    with pytest.raises(OverpaymentError):
        make_payment(order=order, amount=Decimal(71))
    make_payment(order=order, amount=Decimal(70))

    assert money_of(invoice) == ("paid", Decimal(70), Decimal(30))


def test_a_payment_for_an_invoice_pays_its_order_too() -> None:
    order = make_debt(100)
    invoice = make_invoice(order)

    payment = make_payment(invoice=invoice)

    assert payment.order == order
    assert totals_of(order) == ("paid", Decimal(100), Decimal(0))


def test_a_draft_is_not_paid() -> None:
    draft = draft_invoice_for_order(make_debt())

    with pytest.raises(InvoiceStateError) as refusal:
        make_payment(invoice=draft)

    assert str(refusal.value) == (
        "The payment was not recorded.\n"
        f"  why: {draft} is not issued\n"
        "  fix: issue the invoice first"
    )


def test_a_credit_note_is_not_paid() -> None:
    note = credit_invoice(make_invoice(), amount=Decimal(5), reason="scratched")

    with pytest.raises(InvoiceStateError) as refusal:
        make_payment(invoice=note, amount=Decimal(5))

    assert refusal.value.why == f"{note} is no invoice to a customer (credit note)"
    assert Payment.objects.count() == 0


def test_money_in_another_currency_does_not_settle_a_debt() -> None:
    order = make_debt()

    with pytest.raises(CurrencyMismatchError) as refusal:
        make_payment(order=order, currency="EUR")

    assert str(refusal.value) == (
        "The payment was not recorded.\n"
        "  why: it is in EUR, the debt in USD\n"
        "  fix: record what arrived in USD"
    )
    assert Payment.objects.count() == 0


@pytest.mark.parametrize("amount", ["0", "-1", "1.005"])
def test_an_impossible_amount_is_not_recorded(amount: str) -> None:
    with pytest.raises(AmountError):
        make_payment(amount=Decimal(amount))

    assert Payment.objects.count() == 0


def test_a_payment_says_what_it_is_for() -> None:
    with pytest.raises(FinanceError) as refusal:
        record_payment(amount=Decimal(5), method="cash")

    assert str(refusal.value) == (
        "The payment was not recorded.\n"
        "  why: it is for neither an order nor an invoice\n"
        "  fix: name what is paid"
    )


def test_a_payment_for_an_invoice_and_another_order_is_refused() -> None:
    order, invoice = make_debt(), make_invoice()

    with pytest.raises(FinanceError) as refusal:
        make_payment(order=order, invoice=invoice)

    assert refusal.value.why == f"invoice {invoice} is not for order {order}"
    assert Payment.objects.count() == 0


def test_the_same_key_again_returns_the_first_payment() -> None:
    order = make_debt()
    first = make_payment(order=order, amount=Decimal(60), idempotency_key="k1")

    again = make_payment(order=order, amount=Decimal(60), idempotency_key="k1")

    assert again == first
    assert totals_of(order) == ("partially_paid", Decimal(60), Decimal(0))


def test_a_key_is_not_used_for_another_payment() -> None:
    first = make_payment(idempotency_key="k1")
    with pytest.raises(AlreadyRecordedError):
        make_payment(order=first.order, idempotency_key="k1", method="paypal")

    with pytest.raises(AlreadyRecordedError) as refusal:
        make_payment(idempotency_key="k1")

    assert str(refusal.value) == (
        "The payment was not recorded.\n"
        f"  why: its key was used for {first}, another payment\n"
        "  fix: give every payment a key of its own"
    )


def test_a_providers_reference_is_recorded_once() -> None:
    first = make_payment(provider="stripe", provider_reference="pi_1")

    with pytest.raises(AlreadyRecordedError) as refusal:
        make_payment(provider="stripe", provider_reference="pi_1")

    assert str(refusal.value) == (
        "The payment was not recorded.\n"
        f"  why: {first} has the reference pi_1 already\n"
        f"  fix: look at {first}, or correct the reference"
    )
    make_payment(provider="adyen", provider_reference="pi_1")


def test_a_pending_payment_pays_nothing_until_it_arrives() -> None:
    order = make_debt(100)
    invoice = make_invoice(order)
    payment = make_payment(order=order, method="bank_transfer", has_arrived=False)
    assert (payment.status, payment.processed_at) == ("pending", None)
    assert totals_of(order) == ("pending", Decimal(0), Decimal(0))

    confirm_payment(payment, at=NOON)

    assert payment.status == "succeeded"
    assert totals_of(order) == ("paid", Decimal(100), Decimal(0))
    assert money_of(invoice) == ("paid", Decimal(100), Decimal(0))


def test_a_pending_payment_does_not_arrive_for_what_was_paid_meanwhile() -> None:
    order = make_debt(100)
    payment = make_payment(order=order, has_arrived=False)
    make_payment(order=order)

    with pytest.raises(OverpaymentError):
        confirm_payment(payment)

    payment.refresh_from_db()
    assert payment.status == "pending"


def test_a_payment_fails_with_its_reason() -> None:
    payment = make_payment(has_arrived=False)

    fail_payment(payment, message="card declined")

    assert (payment.status, payment.failure_message) == ("failed", "card declined")
    told = Event.objects.get(event_type="payment.failed").payload
    assert told["reason"] == "card declined"
    with pytest.raises(InvalidTransitionError):
        confirm_payment(payment)


def test_a_pending_payment_is_cancelled_and_a_succeeded_one_is_not() -> None:
    pending, paid = make_payment(has_arrived=False), make_payment()

    cancel_payment(pending, reason="customer pays cash")
    with pytest.raises(InvalidTransitionError):
        cancel_payment(paid, reason="customer pays cash")

    assert (pending.status, pending.reason) == ("cancelled", "customer pays cash")
    told = Event.objects.get(event_type="payment.cancelled").payload
    assert told["reason"] == "customer pays cash"
    paid.refresh_from_db()
    assert paid.status == "succeeded"


def test_an_invoice_without_an_order_is_paid_alone() -> None:
    invoice = make_invoice()
    Invoice.objects.filter(pk=invoice.pk).update(order=None)
    invoice.refresh_from_db()

    payment = make_payment(invoice=invoice)

    assert payment.order is None
    assert money_of(invoice) == ("paid", Decimal(100), Decimal(0))
