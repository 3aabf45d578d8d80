"""What returns of one line give back: its price, however it comes back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finance.services import record_payment
from orders.models import Order
from orders.services import OrderLine
from returns.models import ReturnRequest
from returns.services import (
    Finding,
    cancel_return,
    complete_return,
    complete_without_refund,
    inspect_return,
    receive_return,
)
from tests.orders.builders import NOON
from tests.returns.builders import (
    make_delivered_order,
    make_return,
    make_returnable_variant,
)

pytestmark = pytest.mark.django_db


def make_paid_order() -> Order:
    """Return an order of three units that cost 10.00 together."""
    line = OrderLine(make_returnable_variant(), 3, Decimal("3.34"), Decimal("0.02"))
    order = make_delivered_order(lines=[line])
    record_payment(order=order, amount=Decimal(10), method="card", at=NOON)
    order.refresh_from_db()
    return order


def ask(order: Order, units: int = 1, **overrides) -> ReturnRequest:
    return make_return(order, lines={order.items.get().pk: units}, **overrides)


def inspected(found: ReturnRequest, *, came: int = 1) -> ReturnRequest:
    found.refresh_from_db()
    (item,) = found.items.all()
    receive_return(found, quantities={item.pk: came}, is_last=True, at=NOON)
    finding = Finding("new", restock=came)
    return inspect_return(found, findings={item.pk: finding}, at=NOON)


def given(*returns: ReturnRequest, came: int = 1) -> list[str]:
    """Complete the returns and tell what each gave back."""
    return [
        f"{complete_return(inspected(found, came=came), at=NOON).amount_refunded:.2f}"
        for found in returns
    ]


def estimates(*returns: ReturnRequest) -> list[str]:
    return [f"{found.refund_total:.2f}" for found in returns]


def test_a_cancelled_return_takes_no_cent_with_it_and_gives_none_twice():
    order = make_paid_order()
    first, second = ask(order), ask(order)
    cancel_return(first, reason="kept it after all")

    third, fourth = ask(order), ask(order)

    assert estimates(first, second, third, fourth) == ["3.33", "3.34", "3.33", "3.33"]
    assert given(second, third, fourth) == ["3.33", "3.34", "3.33"]
    order.refresh_from_db()
    assert order.amount_refunded == Decimal(10)


@pytest.mark.parametrize("turn", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_in_whatever_turn_returns_are_completed_they_give_back_the_price(turn):
    order = make_paid_order()
    asked = [ask(order) for _ in range(3)]

    assert given(*(asked[place] for place in turn)) == ["3.33", "3.34", "3.33"]


def test_units_that_came_short_lose_no_cent_when_they_come_later():
    order = make_paid_order()

    assert given(ask(order)) == ["3.33"]
    assert given(ask(order, 2)) == ["3.34"]
    last = ask(order)
    assert estimates(last) == ["3.33"]
    assert given(last) == ["3.33"]


def test_units_that_came_and_are_not_settled_leave_the_rest_to_others():
    order = make_paid_order()
    short = inspected(ask(order, 3), came=1)

    rest = ask(order, 2)

    assert estimates(short, rest) == ["10.00", "6.67"]
    complete_return(short, at=NOON)
    assert given(rest, came=2) == ["6.67"]


def test_replaced_units_give_no_money_back_later():
    order = make_paid_order()
    replaced = ask(order, resolution="replacement")
    waived = inspected(ask(order))

    assert given(replaced) == ["0.00"]
    complete_without_refund(waived, reason="worn for a week", at=NOON)
    assert given(ask(order)) == ["3.33"]
