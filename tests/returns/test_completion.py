"""What the customer gets for what came back: money, goods anew, or neither."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from finance.models import Payment
from finance.services import (
    invoice_order,
    owed_on_order,
    record_payment,
    refund_payment,
)
from inventory.errors import ReasonMissingError
from inventory.models import ProductVariant
from orders.errors import LineRefusedError
from orders.models import Order
from returns.errors import RefundNotPossibleError, ResolutionRefusedError
from returns.models import ReturnRequest
from returns.services import (
    Finding,
    change_resolution,
    complete_return,
    complete_without_refund,
    inspect_return,
    receive_return,
)
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.orders.builders import NOON
from tests.returns.builders import (
    make_approved_return,
    make_delivered_order,
    make_inspected_return,
    make_paid_order,
    make_quarantine,
    make_received_return,
    make_return,
)

pytestmark = pytest.mark.django_db

REFUSED_LINES = "it is not on sale"


def refunds() -> list[Decimal]:
    rows = Payment.objects.filter(kind="refund").order_by("pk")
    return [row.amount for row in rows]


def test_the_money_goes_back():
    found = complete_return(make_inspected_return(), at=NOON)

    assert (found.status, found.completed_at) == ("completed", NOON)
    assert (found.amount_refunded, found.refund_total) == (Decimal(90), Decimal(90))
    assert refunds() == [Decimal(90)]
    found.order.refresh_from_db()
    assert found.order.payment_status == Order.PaymentStatus.REFUNDED


def test_what_was_scrapped_is_paid_back_as_well():
    make_quarantine()
    found = make_inspected_return(Finding("mixed", restock=1, scrap=2))

    complete_return(found, at=NOON)

    assert refunds() == [Decimal(90)]


def test_what_was_not_paid_is_not_given_back():
    found = make_inspected_return(order=make_delivered_order())

    with pytest.raises(RefundNotPossibleError) as refusal:
        complete_return(found)

    assert refusal.value.why == (
        "90.00 USD are to be given back, and only 0.00 of them were paid"
    )
    assert refusal.value.fix == (
        "record the missing payment, or complete it with the button"
        " “Complete without refund”"
    )
    found.refresh_from_db()
    assert found.status == ReturnRequest.Status.INSPECTED


def test_a_refund_is_taken_from_several_payments():
    order = make_delivered_order()
    for amount in (40, 50):
        record_payment(order=order, amount=Decimal(amount), method="card", at=NOON)
    order.refresh_from_db()

    complete_return(make_inspected_return(order=order), at=NOON)

    assert refunds() == [Decimal(40), Decimal(50)]


def test_fewer_units_than_agreed_give_back_less():
    found = make_approved_return()
    (item,) = found.items.all()
    receive_return(found, quantities={item.pk: 2}, is_last=True, at=NOON)
    inspect_return(found, findings={item.pk: Finding("new", restock=2)}, at=NOON)

    complete_return(found, at=NOON)

    assert (found.refund_total, found.amount_refunded) == (Decimal(60), Decimal(60))


def test_freight_goes_back_and_a_fee_is_kept():
    order = make_paid_order(shipping_total=Decimal("5.90"))
    found = make_inspected_return(order=order)

    complete_return(
        found,
        shipping_refund=Decimal("5.90"),
        restocking_fee=Decimal("4.50"),
        at=NOON,
    )

    assert refunds() == [Decimal("91.40")]
    assert (found.items_amount, found.refund_total) == (Decimal(90), Decimal("91.40"))


def test_freight_is_given_back_once_over_all_returns_of_an_order():
    order = make_paid_order(shipping_total=Decimal("5.90"))
    item = order.items.get()
    first = make_inspected_return(order=order, lines={item.pk: 1})
    complete_return(first, shipping_refund=Decimal(4), at=NOON)
    second = make_inspected_return(order=order, lines={item.pk: 1})

    with pytest.raises(ResolutionRefusedError, match=r"at most 1\.90 is possible"):
        complete_return(second, shipping_refund=Decimal(2))
    second.refresh_from_db()
    complete_return(second, shipping_refund=Decimal("1.90"), at=NOON)

    assert refunds() == [Decimal(34), Decimal("31.90")]


@pytest.mark.parametrize("fee", ["90.01", "-1", "0.005"])
def test_a_fee_that_can_not_be_is_refused(fee):
    found = make_inspected_return()

    with pytest.raises(ResolutionRefusedError, match=f"a fee of {fee} USD was given"):
        complete_return(found, restocking_fee=Decimal(fee))


def test_goods_come_back_without_a_refund_where_somebody_says_why():
    found = make_inspected_return(order=make_delivered_order())

    complete_without_refund(found, reason="never paid for", at=NOON)

    found.refresh_from_db()
    assert (found.status, found.resolution) == ("completed", "none")
    assert (found.amount_refunded, found.status_reason) == (0, "never paid for")
    assert refunds() == []


def test_without_a_reason_no_refund_is_withheld():
    found = make_inspected_return()

    with pytest.raises(ReasonMissingError, match="no reason was given"):
        complete_without_refund(found, reason=" ")
    found.refresh_from_db()
    assert found.status == ReturnRequest.Status.INSPECTED


def test_a_replacement_is_ordered_for_nothing_to_the_same_address():
    address = {"name": "Ana", "line1": "Obere Str. 57", "city": "Berlin"}
    order = make_paid_order(shipping_address=address)
    found = make_inspected_return(order=order, resolution="replacement")

    complete_return(found, at=NOON)

    new = found.replacement_order
    assert new is not None
    assert (new.status, new.total_amount, new.customer) == (
        "pending",
        0,
        order.customer,
    )
    assert new.shipping_address == order.shipping_address
    line = new.items.get()
    assert (line.variant, line.quantity) == (order.items.get().variant, 3)
    assert refunds() == []
    told = Event.objects.get(event_type="return.completed").payload
    assert told["replacement_order"] == new.order_number


def test_only_what_came_is_replaced():
    found = make_approved_return(resolution="replacement")
    (item,) = found.items.all()
    receive_return(found, quantities={item.pk: 1}, is_last=True, at=NOON)
    inspect_return(found, findings={item.pk: Finding("new", restock=1)}, at=NOON)

    complete_return(found, at=NOON)

    assert found.replacement_order is not None
    assert found.replacement_order.items.get().quantity == 1


def test_what_is_not_sold_any_more_is_not_replaced_but_can_be_refunded():
    found = make_inspected_return(resolution="replacement")
    ProductVariant.objects.update(is_active=False)

    with pytest.raises(LineRefusedError, match=REFUSED_LINES):
        complete_return(found)
    found.refresh_from_db()
    assert found.status == ReturnRequest.Status.INSPECTED

    change_resolution(found, resolution="refund", reason="sold out", at=NOON)
    complete_return(found, at=NOON)

    assert refunds() == [Decimal(90)]
    told = Event.objects.get(event_type="return.resolution_changed").payload
    assert told == {"from": "replacement", "to": "refund", "reason": "sold out"}


def test_a_replacement_gives_no_freight_back():
    found = make_inspected_return(resolution="replacement")

    with pytest.raises(ResolutionRefusedError, match="freight and fees are part of"):
        complete_return(found, shipping_refund=Decimal(1))


def test_what_a_return_ends_in_changes_until_it_is_completed():
    found = make_received_return()

    with pytest.raises(ResolutionRefusedError, match="it ends in that already"):
        change_resolution(found, resolution="refund", reason="so")
    found.refresh_from_db()
    with pytest.raises(ResolutionRefusedError, match="'cake' is no way to end one"):
        change_resolution(found, resolution="cake", reason="so")
    with pytest.raises(ReasonMissingError):
        change_resolution(found, resolution="none", reason="")
    done = complete_return(make_inspected_return(), at=NOON)
    with pytest.raises(ResolutionRefusedError, match="it is completed"):
        change_resolution(done, resolution="none", reason="too late")


@pytest.mark.parametrize(
    "make", [make_return, make_approved_return, make_received_return]
)
def test_only_what_was_inspected_is_completed(make):
    found = make()

    with pytest.raises(InvalidTransitionError):
        complete_return(found)
    found.refresh_from_db()
    with pytest.raises(InvalidTransitionError):
        complete_without_refund(found, reason="so")


def test_a_completed_return_refunds_once():
    found = complete_return(make_inspected_return(), at=NOON)

    with pytest.raises(InvalidTransitionError, match="it is completed"):
        complete_return(ReturnRequest.objects.get(pk=found.pk))
    assert refunds() == [Decimal(90)]


def test_a_completion_undone_by_sql_refunds_and_replaces_nothing_twice():
    refunded = complete_return(make_inspected_return(), at=NOON)
    replaced = complete_return(make_inspected_return(resolution="replacement"), at=NOON)
    first = replaced.replacement_order
    ReturnRequest.objects.update(
        status="inspected", amount_refunded=0, replacement_order=None
    )

    complete_return(ReturnRequest.objects.get(pk=replaced.pk), at=NOON)
    with pytest.raises(RefundNotPossibleError):
        complete_return(ReturnRequest.objects.get(pk=refunded.pk), at=NOON)

    replaced.refresh_from_db()
    assert replaced.replacement_order == first
    assert refunds() == [Decimal(90)]


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"amount_refunded": 91}, "return_refunded_within_total"),
        ({"refund_total": 89}, "return_refunded_within_total"),
        ({"restocking_fee": 91}, "return_fee_within_items"),
        ({"shipping_refund": -1}, "return_money_not_negative"),
        ({"resolution": "none"}, "return_refunded_when_completed"),
        ({"status": "inspected"}, "return_refunded_when_completed"),
        ({"status": "lost", "amount_refunded": 0}, "return_status_known"),
        ({"received_at": None}, "return_received_has_time"),
        ({"approved_at": None}, "return_approved_has_time"),
        ({"approval_round": 3}, "return_reopened_once"),
        ({"currency": "usd"}, "return_currency_code"),
        ({"resolution": "cake"}, "return_"),
        ({"reason_code": "mood"}, "return_reason_known"),
    ],
)
def test_the_database_refuses_money_that_can_not_be(columns, rule):
    complete_return(make_inspected_return(), at=NOON)

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        ReturnRequest.objects.update(**columns)


def test_the_database_refuses_a_replacement_of_what_is_refunded():
    found = complete_return(make_inspected_return(), at=NOON)

    with (
        pytest.raises(IntegrityError, match="return_replaced_when_completed"),
        transaction.atomic(),
    ):
        ReturnRequest.objects.update(replacement_order=found.order)


def test_what_was_refunded_by_hand_meanwhile_is_named():
    order = make_paid_order()
    found = make_inspected_return(order=order)
    refund_payment(order.payments.get(), amount=Decimal(90), reason="by phone")

    with pytest.raises(RefundNotPossibleError) as refusal:
        complete_return(found)

    assert refusal.value.why == (
        "90.00 USD are to be given back, and only 0.00 of what was paid is left: 90.00"
        " went back already"
    )
    assert "look at the refunds of the order" in refusal.value.fix


def test_what_came_back_before_an_invoice_is_not_owed_again():
    order = make_paid_order()
    complete_return(make_inspected_return(order=order))
    order.refresh_from_db()
    assert owed_on_order(order) == 0

    invoice = invoice_order(order)

    assert (invoice.status, invoice.amount_due) == ("paid", 0)
