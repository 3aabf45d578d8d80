from __future__ import annotations

from decimal import Decimal

import pytest

from finance.models import Payment
from finance.services import record_payment
from inventory.errors import ReasonMissingError
from inventory.models import StockLevel, StockTransaction
from orders.models import Order
from returns.errors import FindingsRefusedError, RefundNotPossibleError
from returns.models import ReturnRequest
from returns.services import (
    complete_return,
    complete_without_refund,
    decide_return,
    inspect_return,
    receive_return,
)
from stateset.lib.errors import StatesetError
from tests.inventory.pages import buttons
from tests.orders.builders import NOON
from tests.pages import act, change_url, staff, told
from tests.returns.builders import (
    acting_as,
    make_approver,
    make_delivered_order,
    make_quarantine,
    make_return,
)

pytestmark = pytest.mark.django_db

Finding = tuple[str, str]

SELLABLE: Finding = ("opened", "restock")


def make_paid_order() -> Order:
    order = make_delivered_order()
    record_payment(order=order, amount=order.total_amount, method="card", at=NOON)
    order.refresh_from_db()
    return order


def make_approved_return(order: Order | None = None, **overrides) -> ReturnRequest:
    found = make_return(order or make_paid_order(), **overrides)
    if found.status == ReturnRequest.Status.REQUESTED:
        with acting_as(make_approver()):
            decide_return(found, approve=True, at=NOON)
    return found


def make_inspected_return(finding: Finding = SELLABLE, **overrides) -> ReturnRequest:
    found = receive_return(make_approved_return(**overrides), at=NOON)
    return inspect_return(
        found,
        findings={item.pk: finding for item in found.items.all()},
        at=NOON,
    )


def level_of(found: ReturnRequest, kind: str = "warehouse") -> StockLevel | None:
    item = found.items.get()
    return StockLevel.objects.filter(
        variant=item.order_item.variant, location__kind=kind
    ).first()


def test_received_units_are_counted_on_the_order():
    found = receive_return(make_approved_return(), at=NOON)

    found.order.refresh_from_db()
    assert found.status == ReturnRequest.Status.RECEIVED
    assert found.order.fulfillment_status == Order.FulfillmentStatus.RETURNED
    assert level_of(found).on_hand == 7


def test_more_than_agreed_or_nothing_is_not_received():
    found = make_approved_return()
    (item,) = found.items.all()

    with pytest.raises(FindingsRefusedError, match=r"4 × .* came, 3 were agreed"):
        receive_return(found, quantities={item.pk: 4})
    found.refresh_from_db()
    with pytest.raises(FindingsRefusedError, match="no unit came back"):
        receive_return(found, quantities={item.pk: 0})
    assert found.items.get().quantity_received == 0


def test_sellable_goods_go_back_on_the_shelf_and_the_money_back():
    found = complete_return(make_inspected_return(), at=NOON)

    assert level_of(found).on_hand == 10
    entry = StockTransaction.objects.get(transaction_type="return")
    assert entry.on_hand_delta == 3
    assert found.amount_refunded == Decimal(90)
    found.order.refresh_from_db()
    assert found.order.payment_status == Order.PaymentStatus.REFUNDED


def test_damaged_goods_go_to_quarantine_and_are_not_sellable():
    make_quarantine()
    found = complete_return(make_inspected_return(("damaged", "quarantine")), at=NOON)

    assert level_of(found).on_hand == 7
    assert level_of(found, "quarantine").on_hand == 3


def test_scrapped_goods_never_enter_stock():
    found = complete_return(make_inspected_return(("defective", "scrap")), at=NOON)

    assert level_of(found).on_hand == 7
    assert not StockTransaction.objects.filter(transaction_type="return").exists()


def test_without_a_quarantine_nothing_happens():
    found = make_inspected_return(("damaged", "quarantine"))

    with pytest.raises(FindingsRefusedError, match="no active location of kind"):
        complete_return(found)
    found.refresh_from_db()
    assert found.status == ReturnRequest.Status.INSPECTED
    assert not Payment.objects.filter(kind="refund").exists()


def test_damaged_goods_are_not_restocked():
    found = receive_return(make_approved_return(), at=NOON)
    (item,) = found.items.all()

    with pytest.raises(FindingsRefusedError, match="only new or opened goods sell"):
        inspect_return(found, findings={item.pk: ("damaged", "restock")})
    with pytest.raises(FindingsRefusedError, match=r"condition of .* is not given"):
        inspect_return(found, findings={})


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
    assert level_of(found).on_hand == 7


def test_goods_come_back_without_a_refund_where_somebody_says_why():
    found = make_inspected_return(order=make_delivered_order())

    complete_without_refund(found, reason="never paid for", at=NOON)

    found.refresh_from_db()
    assert (found.status, found.resolution) == ("completed", "none")
    assert (found.amount_refunded, found.status_reason) == (0, "never paid for")
    assert level_of(found).on_hand == 10
    assert not Payment.objects.filter(kind="refund").exists()


def test_the_button_without_refund_is_there_where_a_refund_is_promised():
    found = make_inspected_return(order=make_delivered_order())
    replaced = make_inspected_return(
        order=make_delivered_order(), resolution="replacement"
    )
    browser = staff()

    assert "Complete without refund" in buttons(browser.get(change_url(found)))
    assert buttons(browser.get(change_url(replaced))) == ["Complete"]
    response = act(browser, found, "complete_without_refund", reason="never paid for")

    assert told(response) == [f"Return {found} is completed; no money was given back."]


def test_without_a_reason_no_refund_is_withheld():
    found = make_inspected_return()

    with pytest.raises(ReasonMissingError, match="no reason was given"):
        complete_without_refund(found, reason=" ")
    found.refresh_from_db()
    assert found.status == ReturnRequest.Status.INSPECTED


def test_a_refund_is_taken_from_several_payments():
    order = make_delivered_order()
    for amount in (40, 50):
        record_payment(order=order, amount=Decimal(amount), method="card", at=NOON)
    order.refresh_from_db()

    complete_return(make_inspected_return(order=order), at=NOON)

    refunds = Payment.objects.filter(kind="refund").order_by("pk")
    assert [refund.amount for refund in refunds] == [Decimal(40), Decimal(50)]


def test_fewer_units_than_agreed_give_back_less():
    found = make_approved_return()
    (item,) = found.items.all()
    receive_return(found, quantities={item.pk: 2}, at=NOON)
    inspect_return(found, findings={item.pk: SELLABLE}, at=NOON)

    complete_return(found, at=NOON)

    assert found.amount_refunded == Decimal(60)


def test_a_completed_return_restocks_and_refunds_once():
    found = complete_return(make_inspected_return(), at=NOON)

    with pytest.raises(StatesetError, match="it is completed"):
        complete_return(ReturnRequest.objects.get(pk=found.pk))
    assert level_of(found).on_hand == 10
    assert Payment.objects.filter(kind="refund").count() == 1
