"""Authorisations: no money before the capture, no more than they are over."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from finance.errors import (
    AlreadyRecordedError,
    AmountError,
    CaptureTooLargeError,
    FinanceError,
    OverpaymentError,
    PaymentStateError,
)
from finance.models import Payment
from finance.services import (
    authorizable_amount,
    authorize_payment,
    cancel_payment,
    capturable_amount,
    capture_payment,
    confirm_payment,
    credit_invoice,
    expire_authorizations,
    fail_payment,
    invoice_order,
    refund_payment,
    void_payment,
)
from orders.models import Order
from orders.services import OrderLine, cancel_order, recalculate_order
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.finance.builders import (
    make_authorization,
    make_debt,
    make_invoice,
    make_payment,
    money_of,
    order_of,
    totals_of,
)
from tests.orders.builders import NOON, make_order, make_stocked_variant

pytestmark = pytest.mark.django_db

NOTHING = Decimal(0)
A_WEEK = timedelta(days=7)
A_SECOND = timedelta(seconds=1)


def authorized_on(order: Order) -> Decimal:
    order.refresh_from_db()
    return order.amount_authorized


def test_an_authorisation_pays_nothing() -> None:
    order = make_debt()
    invoice = make_invoice(order)

    payment = make_authorization(order=order)

    assert (payment.status, payment.captured_amount) == ("authorized", NOTHING)
    assert (payment.authorized_at, payment.processed_at) == (NOON, None)
    assert payment.authorization_expires_at == NOON + A_WEEK
    assert totals_of(order) == ("authorized", NOTHING, NOTHING)
    assert authorized_on(order) == Decimal(100)
    assert money_of(invoice) == ("open", NOTHING, NOTHING)
    event = Event.objects.get(event_type="payment.authorized")
    assert event.payload == {
        "from": "pending",
        "to": "authorized",
        "amount": "100.00 USD",
    }


def test_a_capture_takes_all_of_it_and_pays() -> None:
    order = make_debt()
    invoice = make_invoice(order)
    payment = make_authorization(order=order)

    capture_payment(payment, at=NOON)

    assert (payment.status, payment.captured_amount) == ("succeeded", Decimal(100))
    assert payment.processed_at == NOON
    assert totals_of(order) == ("paid", Decimal(100), NOTHING)
    assert authorized_on(order) == NOTHING
    assert money_of(invoice) == ("paid", Decimal(100), NOTHING)


def test_a_capture_of_less_lets_the_rest_go() -> None:
    order = make_debt()
    payment = make_authorization(order=order)

    capture_payment(payment, amount=Decimal("33.33"), at=NOON)

    assert payment.captured_amount == Decimal("33.33")
    assert totals_of(order) == ("partially_paid", Decimal("33.33"), NOTHING)
    assert authorizable_amount(order, at=NOON) == Decimal("66.67")
    with pytest.raises(PaymentStateError) as refusal:
        capture_payment(payment, amount=Decimal(1), at=NOON)
    assert refusal.value.why == "it is succeeded, not authorised"
    make_authorization(order=order, amount=Decimal("66.67"))


def test_no_more_is_captured_than_is_authorised() -> None:
    order = make_debt()
    payment = make_authorization(order=order, amount=Decimal(40))

    with pytest.raises(CaptureTooLargeError) as refusal:
        capture_payment(payment, amount=Decimal("40.01"), at=NOON)

    assert str(refusal.value) == (
        f"Payment {payment} was not captured.\n"
        "  why: 40.01 USD was asked, and 40.00 USD is authorised\n"
        "  fix: capture at most 40.00 USD, and have the rest authorised anew"
    )
    assert totals_of(order) == ("pending", NOTHING, NOTHING)
    assert capturable_amount(payment) == Decimal(40)


def test_no_more_is_captured_than_is_still_owed() -> None:
    order = make_debt()
    payment = make_authorization(order=order)
    make_payment(order=order, amount=Decimal(70), method="cash")

    assert capturable_amount(payment) == Decimal(30)
    with pytest.raises(OverpaymentError):
        capture_payment(payment, amount=Decimal("30.01"), at=NOON)
    capture_payment(payment, at=NOON)

    assert payment.captured_amount == Decimal(30)
    assert totals_of(order) == ("paid", Decimal(100), NOTHING)


def test_what_was_credited_is_not_captured() -> None:
    order = make_debt()
    invoice = make_invoice(order)
    payment = make_authorization(invoice=invoice)
    credit_invoice(invoice, amount=Decimal(30), reason="scratched")

    capture_payment(payment, at=NOON)

    assert payment.captured_amount == Decimal(70)
    assert money_of(invoice) == ("paid", Decimal(70), Decimal(30))


def test_nothing_is_captured_where_nothing_is_owed() -> None:
    order = make_debt()
    payment = make_authorization(order=order)
    make_payment(order=order, method="cash")

    with pytest.raises(OverpaymentError):
        capture_payment(payment, at=NOON)

    payment.refresh_from_db()
    assert payment.status == "authorized"


@pytest.mark.parametrize("amount", ["0", "-1", "1.005"])
def test_an_impossible_amount_is_not_captured(amount: str) -> None:
    payment = make_authorization()

    with pytest.raises(AmountError):
        capture_payment(payment, amount=Decimal(amount), at=NOON)

    assert totals_of(order_of(payment)) == ("authorized", NOTHING, NOTHING)


def test_no_more_is_authorised_than_is_owed_and_not_authorised_yet() -> None:
    order = make_debt()
    make_authorization(order=order, amount=Decimal(60))

    with pytest.raises(OverpaymentError) as refusal:
        make_authorization(order=order, amount=Decimal("40.01"))

    assert str(refusal.value) == (
        f"40.01 USD was not authorised for {order}.\n"
        "  why: 100.00 USD is owed, and 60.00 USD of it authorised already\n"
        "  fix: authorise at most 40.00 USD"
    )
    assert refusal.value.owed == Decimal(40)
    make_authorization(order=order, amount=Decimal(40))
    assert totals_of(order) == ("authorized", NOTHING, NOTHING)


def test_an_invoice_without_an_order_is_authorised_and_captured_alone() -> None:
    invoice = make_invoice()
    type(invoice).objects.update(order=None)
    invoice.refresh_from_db()
    payment = make_authorization(invoice=invoice, amount=Decimal(60))

    with pytest.raises(OverpaymentError):
        make_authorization(invoice=invoice, amount=Decimal(41))
    capture_payment(payment, at=NOON)

    assert money_of(invoice) == ("partially_paid", Decimal(60), NOTHING)


@pytest.mark.parametrize("method", ["cash", "bank_transfer", "check"])
def test_only_cards_and_accounts_vouch_for_an_amount(method: str) -> None:
    order = make_debt()

    with pytest.raises(FinanceError, match="was not authorised"):
        make_authorization(order=order, method=method)

    assert not Payment.objects.exists()
    assert totals_of(order) == ("pending", NOTHING, NOTHING)


def test_an_authorisation_does_not_end_before_it_begins() -> None:
    with pytest.raises(FinanceError) as refusal:
        make_authorization(expires_at=NOON)

    assert refusal.value.why == "it would have run out at 2026-11-20 12:00 UTC"
    assert not Payment.objects.exists()


def test_an_announced_payment_is_authorised() -> None:
    payment = make_payment(has_arrived=False)

    authorize_payment(payment, at=NOON)

    assert totals_of(order_of(payment)) == ("authorized", NOTHING, NOTHING)
    with pytest.raises(InvalidTransitionError):
        authorize_payment(payment, at=NOON)
    with pytest.raises(PaymentStateError) as refusal:
        confirm_payment(payment, at=NOON)
    assert refusal.value.fix == "capture it"
    for end in (
        lambda: cancel_payment(payment, reason="pays cash"),
        lambda: fail_payment(payment, message="declined"),
    ):
        with pytest.raises(InvalidTransitionError):
            end()


def test_the_same_key_again_returns_the_first_authorisation() -> None:
    order = make_debt()
    first = make_authorization(order=order, idempotency_key="k1")

    assert make_authorization(order=order, idempotency_key="k1") == first
    with pytest.raises(AlreadyRecordedError):
        make_payment(order=order, idempotency_key="k1")

    assert Payment.objects.count() == 1


def test_a_voided_authorisation_brings_nothing() -> None:
    payment = make_authorization()

    void_payment(payment, reason="pays cash")

    assert (payment.status, payment.reason) == ("voided", "pays cash")
    assert totals_of(order_of(payment)) == ("voided", NOTHING, NOTHING)
    assert authorized_on(order_of(payment)) == NOTHING
    with pytest.raises(PaymentStateError):
        capture_payment(payment, at=NOON)
    with pytest.raises(InvalidTransitionError):
        void_payment(payment, reason="once more")
    make_payment(order=payment.order, method="cash")
    assert totals_of(order_of(payment)) == ("paid", Decimal(100), NOTHING)


def test_captured_money_is_not_voided_but_refunded_up_to_what_came() -> None:
    payment = make_authorization()
    capture_payment(payment, amount=Decimal(40), at=NOON)

    with pytest.raises(InvalidTransitionError):
        void_payment(payment, reason="too late")
    with pytest.raises(FinanceError, match="was not refunded"):
        refund_payment(payment, amount=Decimal("40.01"), reason="scratched")
    refund_payment(payment, amount=Decimal(40), reason="scratched")

    assert (payment.status, payment.refunded_amount) == ("refunded", Decimal(40))
    assert totals_of(order_of(payment)) == ("refunded", Decimal(40), Decimal(40))


@pytest.mark.parametrize("has_been_swept", [True, False])
def test_what_ran_out_is_not_captured(*, has_been_swept: bool) -> None:
    payment = make_authorization()
    late = NOON + A_WEEK + A_SECOND
    if has_been_swept:
        expire_authorizations(at=late)

    with pytest.raises(PaymentStateError):
        capture_payment(payment, at=late)

    assert totals_of(order_of(payment))[1] == NOTHING


def test_to_the_last_second_it_is_captured() -> None:
    payment = make_authorization()

    assert expire_authorizations(at=NOON + A_WEEK) == 0
    capture_payment(payment, at=NOON + A_WEEK)

    assert payment.status == "succeeded"


def test_what_ran_out_is_let_go_once() -> None:
    gone = [make_authorization() for _ in range(3)]
    kept = make_authorization(expires_at=NOON + 2 * A_WEEK)
    late = NOON + A_WEEK + A_SECOND

    assert expire_authorizations(at=late) == 3
    assert expire_authorizations(at=late) == 0

    for payment in gone:
        payment.refresh_from_db()
        assert payment.status == "expired"
        assert totals_of(order_of(payment)) == ("voided", NOTHING, NOTHING)
    kept.refresh_from_db()
    assert kept.status == "authorized"
    ended = Event.objects.filter(event_type="payment.authorization_expired")
    assert ended.count() == 3


def test_more_than_a_batch_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finance.services.authorizations.EXPIRED_AT_ONCE", 2)
    order = make_debt()
    for _ in range(5):
        make_authorization(order=order, amount=Decimal(10))

    assert expire_authorizations(at=NOON + A_WEEK + A_SECOND) == 5


def test_what_ran_out_makes_room_without_the_sweeper() -> None:
    order = make_debt()
    first = make_authorization(order=order)
    late = NOON + A_WEEK + A_SECOND

    second = make_authorization(order=order, at=late)

    first.refresh_from_db()
    assert (first.status, second.status) == ("expired", "authorized")
    assert authorized_on(order) == Decimal(100)


def test_cancelling_an_order_lets_its_authorisations_go_and_keeps_what_came() -> None:
    order = make_debt()
    make_payment(order=order, amount=Decimal(30), method="cash")
    waits = make_payment(order=order, amount=Decimal(10), has_arrived=False)
    vouched_for = make_authorization(order=order, amount=Decimal(70))
    order.refresh_from_db()

    cancel_order(order, reason="customer asked", at=NOON)

    waits.refresh_from_db()
    vouched_for.refresh_from_db()
    assert (waits.status, vouched_for.status) == ("cancelled", "voided")
    assert vouched_for.reason == "customer asked"
    assert totals_of(order) == ("partially_paid", Decimal(30), NOTHING)
    assert authorized_on(order) == NOTHING
    with pytest.raises(OverpaymentError):
        make_authorization(order=order, amount=Decimal(1))


def test_a_failed_payment_shows_on_the_order_until_there_is_another() -> None:
    order = make_debt()
    fail_payment(make_payment(order=order, has_arrived=False), message="declined")
    assert totals_of(order)[0] == "failed"

    another = make_payment(order=order, has_arrived=False)

    assert totals_of(order)[0] == "pending"
    cancel_payment(another, reason="pays cash")
    assert totals_of(order)[0] == "pending"


def test_an_order_that_comes_to_more_is_no_longer_authorised() -> None:
    order = make_order(lines=[OrderLine(make_stocked_variant(price=Decimal(50)), 2)])
    payment = make_authorization(order=order)
    order.refresh_from_db()

    recalculate_order(order, shipping_total=Decimal(5))
    assert totals_of(order)[0] == "pending"
    recalculate_order(order, shipping_total=NOTHING)
    assert totals_of(order)[0] == "authorized"

    void_payment(payment, reason="pays cash")
    order.refresh_from_db()
    recalculate_order(order, shipping_total=Decimal(5))
    assert totals_of(order)[0] == "voided"


def test_money_captured_before_the_invoice_settles_it_when_it_comes() -> None:
    order = make_debt()
    capture_payment(make_authorization(order=order), amount=Decimal(40), at=NOON)

    invoice = invoice_order(order, at=NOON)

    assert money_of(invoice) == ("partially_paid", Decimal(40), NOTHING)
