from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from finance.models import Invoice, Payment
from finance.services import capture_payment, expire_authorizations, refund_payment
from tests.finance.builders import (
    make_authorization,
    make_debt,
    make_invoice,
    make_payment,
    money_of,
    order_of,
    totals_of,
)
from tests.finance.services.test_payables import make_received, record
from tests.pages import (
    act,
    action_url,
    add_url,
    change_url,
    list_url,
    refusals,
    save,
    shown,
    staff,
    told,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def labels(row: Payment) -> list[str]:
    buttons = staff().get(change_url(row)).context["buttons"]
    return [button["label"] for button in buttons]


def test_adding_records_a_payment() -> None:
    order = make_debt()

    response = save(
        staff(),
        add_url(Payment),
        order=order.pk,
        amount="40",
        method="card",
        provider="stripe",
        provider_reference="pi_1",
    )

    payment = Payment.objects.get()
    assert response.redirect_chain, refusals(response)
    assert (payment.amount, payment.provider_reference) == (Decimal(40), "pi_1")
    assert totals_of(order) == ("partially_paid", Decimal(40), Decimal(0))


def test_a_page_sent_twice_records_one_payment() -> None:
    order = make_debt()
    browser = staff()
    typed = {"order": order.pk, "amount": "40", "method": "card"}
    page = {**shown(browser, add_url(Payment)), **typed}

    browser.post(add_url(Payment), page)
    browser.post(add_url(Payment), page)

    assert Payment.objects.count() == 1


def test_money_that_is_announced_is_confirmed_later() -> None:
    order = make_debt()
    browser = staff()

    save(
        browser,
        add_url(Payment),
        order=order.pk,
        amount="100",
        method="bank_transfer",
        is_pending="on",
    )
    payment = Payment.objects.get()
    assert (payment.status, labels(payment)) == (
        "pending",
        ["Confirm arrival", "Mark as failed", "Cancel"],
    )

    said = told(act(browser, payment, "confirm"))

    assert said == [f"Payment {payment} has arrived."]
    assert totals_of(order) == ("paid", Decimal(100), Decimal(0))


def test_too_much_is_refused_over_the_form() -> None:
    order = make_debt()

    response = save(
        staff(), add_url(Payment), order=order.pk, amount="101", method="card"
    )

    assert refusals(response) == [
        (
            f"101.00 USD was not taken for {order}. Why: 100.00 USD is owed. What to"
            " do: take at most 100.00 USD."
        )
    ]
    assert Payment.objects.count() == 0


def test_a_payment_for_nothing_is_refused_over_the_form() -> None:
    response = save(staff(), add_url(Payment), amount="5", method="cash")

    assert refusals(response) == [
        (
            "The payment was not recorded. Why: it is for neither an order nor an"
            " invoice. What to do: name what is paid."
        )
    ]


def test_a_suppliers_invoice_is_paid_out() -> None:
    invoice = record(make_received(10))

    save(staff(), add_url(Payment), invoice=invoice.pk, amount="25", method="check")

    assert Payment.objects.get().kind == "payout"
    assert money_of(invoice) == ("paid", Decimal(25), Decimal(0))


def test_the_refund_page_shows_the_most_that_can_go_back() -> None:
    payment = make_payment()
    refund_payment(payment, amount=Decimal(30), reason="scratched")
    browser = staff()

    form = browser.get(action_url(payment, "refund")).context["form"]
    assert form.fields["amount"].help_text == "At most 70.00 USD."
    assert form.fields["amount"].initial == "70.00"
    response = act(browser, payment, "refund", amount="70.01", reason="came back")

    assert response.context["refused"] == (
        f"70.01 USD of payment {payment} was not refunded. Why: 70.00 USD of"
        " 100.00 USD is left. What to do: refund at most 70.00 USD."
    )
    assert Payment.objects.filter(kind="refund").count() == 1


def test_a_refund_credits_the_invoice_unless_it_is_still_owed() -> None:
    first, second = make_invoice(), make_invoice()
    browser = staff()

    said = told(
        act(
            browser,
            make_payment(invoice=first),
            "refund",
            amount="100",
            reason="came back",
        )
    )
    act(
        browser,
        make_payment(invoice=second),
        "refund",
        amount="100",
        reason="bounced",
        reopens_invoice="on",
    )

    assert said[0].startswith("100.00 USD of payment PAY-2026-000001 went back as PAY-")
    assert money_of(first) == ("paid", Decimal(0), Decimal(100))
    assert money_of(second) == ("open", Decimal(0), Decimal(0))
    assert Invoice.objects.filter(kind="credit_note").count() == 1


def test_a_payment_that_went_back_has_no_buttons() -> None:
    payment = make_payment()
    refund = refund_payment(payment, amount=Decimal(100), reason="scratched")

    assert labels(payment) == []
    assert labels(refund) == []
    assert str(refund) in staff().get(change_url(payment)).content.decode()


def test_a_failure_is_kept_with_its_words() -> None:
    payment = make_payment(has_arrived=False)

    act(staff(), payment, "fail", message="card declined")

    payment.refresh_from_db()
    assert (payment.status, payment.failure_message) == ("failed", "card declined")


def test_what_is_recorded_is_not_edited() -> None:
    payment = make_payment()
    browser = staff()

    save(browser, change_url(payment), amount="1", status="failed")

    payment.refresh_from_db()
    assert (payment.amount, payment.status) == (Decimal(100), "succeeded")


def test_payments_are_found_by_their_number_order_and_invoice() -> None:
    invoice = make_invoice()
    payment = make_payment(invoice=invoice)
    make_payment()
    browser = staff()

    for term in (str(payment), str(invoice), str(payment.order)):
        page = browser.get(list_url(Payment), {"q": term})
        assert list(page.context["cl"].result_list) == [payment]


def test_an_order_is_paid_from_its_page() -> None:
    order = make_debt()

    response = act(staff(), order, "pay", amount="100", method="card")

    payment = Payment.objects.get()
    assert told(response) == [f"Payment {payment} is recorded for order {order}."]
    assert totals_of(order) == ("paid", Decimal(100), Decimal(0))
    page = staff().get(change_url(order))
    assert str(payment) in page.content.decode()


def make_today(**overrides: Any) -> Payment:
    """Return an authorisation given now, as pages ask about it."""
    return make_authorization(at=timezone.now(), **overrides)


def test_a_card_is_authorised_from_the_page_of_its_order() -> None:
    order = make_debt()
    browser = staff()
    form = browser.get(action_url(order, "authorize")).context["form"]
    assert form.fields["amount"].help_text == "At most 100.00 USD."
    assert [value for value, _ in form.fields["method"].choices] == ["card", "paypal"]

    response = act(browser, order, "authorize", amount="60", method="card")

    payment = Payment.objects.get()
    assert told(response) == [f"Payment {payment} is authorised for order {order}."]
    assert payment.status == "authorized"
    form = browser.get(action_url(order, "authorize")).context["form"]
    assert form.fields["amount"].help_text == "At most 40.00 USD."
    page = browser.get(change_url(order)).content.decode()
    assert "Authorised" in page


def test_an_authorised_payment_offers_what_may_be_done_and_nothing_else() -> None:
    payment = make_today()

    assert labels(payment) == ["Capture", "Void"]
    page = staff().get(change_url(payment)).content.decode()
    assert '<span class="ss-pill ss-waiting">Authorised</span>' in page


def test_capturing_asks_for_no_more_than_is_there() -> None:
    payment = make_today(amount=Decimal(40))
    browser = staff()
    form = browser.get(action_url(payment, "capture")).context["form"]
    assert form.fields["amount"].help_text == "At most 40.00 USD."
    assert form.fields["amount"].initial == "40.00"

    refused = act(browser, payment, "capture", amount="40.01").context["refused"]
    said = told(act(browser, payment, "capture", amount="33"))

    assert refused == (
        f"Payment {payment} was not captured. Why: 40.01 USD was asked, and 40.00 USD"
        " is authorised. What to do: capture at most 40.00 USD, and have the rest"
        " authorised anew."
    )
    assert said == [f"33.00 USD of payment {payment} is captured."]
    assert totals_of(order_of(payment)) == ("partially_paid", Decimal(33), Decimal(0))
    payment.refresh_from_db()
    assert labels(payment) == ["Refund"]


def test_an_authorisation_is_voided_with_a_reason() -> None:
    payment = make_today()
    browser = staff()

    act(browser, payment, "void", reason="")
    payment.refresh_from_db()
    assert payment.status == "authorized"
    said = told(act(browser, payment, "void", reason="pays cash"))

    assert said == [f"The authorisation of payment {payment} is void."]
    payment.refresh_from_db()
    assert (payment.status, payment.reason) == ("voided", "pays cash")
    assert labels(payment) == []
    page = browser.get(change_url(payment)).content.decode()
    assert '<span class="ss-pill ss-neutral">Voided</span>' in page


def test_what_ran_out_can_only_be_let_go() -> None:
    payment = make_authorization(at=timezone.now() - timedelta(days=8))
    assert labels(payment) == ["Void"]

    expire_authorizations(at=timezone.now())

    payment.refresh_from_db()
    assert labels(payment) == []
    page = staff().get(change_url(payment)).content.decode()
    assert '<span class="ss-pill ss-neutral">Expired</span>' in page


def test_what_is_paid_otherwise_is_not_captured() -> None:
    payment = make_today()
    make_payment(order=payment.order, method="cash")

    assert labels(payment) == ["Void"]


def test_an_announced_card_is_authorised() -> None:
    card = make_payment(has_arrived=False)
    cash = make_payment(has_arrived=False, method="bank_transfer")
    waiting = ["Confirm arrival", "Mark as failed", "Cancel"]
    assert labels(card) == ["Authorise", *waiting]
    assert labels(cash) == waiting

    said = told(act(staff(), card, "authorize"))

    assert said == [f"Payment {card} is authorised."]
    card.refresh_from_db()
    assert card.status == "authorized"


@pytest.mark.parametrize("action", ["capture", "void"])
def test_who_may_only_look_moves_no_money(action: str) -> None:
    payment = make_today()
    browser = viewer()
    assert browser.get(change_url(payment)).context["buttons"] == []

    answer = browser.post(
        action_url(payment, action), {"amount": "100", "reason": "mine"}
    )

    assert answer.status_code == 403
    payment.refresh_from_db()
    assert payment.status == "authorized"


def test_who_may_not_add_payments_authorises_none() -> None:
    order = make_debt()

    answer = viewer().post(
        action_url(order, "authorize"), {"amount": "100", "method": "card"}
    )

    assert answer.status_code == 403
    assert not Payment.objects.exists()


def test_authorised_payments_have_a_tab() -> None:
    payment = make_today()
    capture_payment(make_today())

    page = staff().get(list_url(Payment), {"preset": "authorized"})

    assert list(page.context["cl"].result_list) == [payment]


def viewer() -> Client:
    """Return the browser of somebody who may look at orders and payments."""
    user = make_user(is_staff=True)
    user.user_permissions.add(
        *Permission.objects.filter(codename__in=("view_payment", "view_order"))
    )
    browser = Client()
    browser.force_login(user)
    return browser
