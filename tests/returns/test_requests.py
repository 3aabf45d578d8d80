from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from orders.services import OrderLine
from returns.errors import NothingToReturnError
from returns.models import ReturnApproval, ReturnRequest
from returns.services import cancel_return, request_return, returnable_quantity
from stateset.system.models import Event
from tests.orders.builders import NOON, make_order
from tests.returns.builders import (
    make_delivered_order,
    make_return,
    make_returnable_variant,
)

pytestmark = pytest.mark.django_db


def test_a_small_return_is_approved_at_once():
    order = make_delivered_order()
    (item,) = order.items.all()

    found = make_return(order, lines={item.pk: 1})

    assert found.status == ReturnRequest.Status.APPROVED
    assert found.refund_total == Decimal(30)
    approval = found.approvals.get()
    assert approval.is_automatic
    assert approval.decision == ReturnApproval.Decision.APPROVED


def test_a_return_above_the_limit_waits_for_one_person():
    found = make_return()

    assert found.status == ReturnRequest.Status.REQUESTED
    assert list(found.approvals.values_list("level", "decision")) == [(1, "pending")]


def test_a_late_or_large_return_waits_for_two():
    late = make_return(at=NOON + timedelta(days=31))
    large = make_return(
        make_delivered_order(lines=[OrderLine(make_returnable_variant(30), 20)])
    )

    assert late.approvals.count() == 2
    assert large.approvals.count() == 2


def refuse(order, lines) -> str:
    with pytest.raises(NothingToReturnError) as refusal:
        request_return(order, lines=lines, reason_code="other", at=NOON)
    assert not ReturnRequest.objects.filter(order=order).exists()
    return refusal.value.why


def test_only_shipped_units_come_back():
    order = make_order()
    (item,) = order.items.all()

    assert refuse(order, {item.pk: 1}).endswith("0 shipped units can still come back")


def test_no_more_come_back_than_were_shipped():
    order = make_delivered_order()
    (item,) = order.items.all()

    assert refuse(order, {item.pk: 4}).endswith("3 shipped units can still come back")


def test_units_on_their_way_back_are_not_promised_twice():
    order = make_delivered_order()
    (item,) = order.items.all()
    make_return(order, lines={item.pk: 2})

    with pytest.raises(NothingToReturnError, match="1 shipped units"):
        make_return(order, lines={item.pk: 2})
    assert returnable_quantity(item) == 1


def test_what_is_not_returnable_is_refused():
    variant = make_returnable_variant(is_returnable=False)
    order = make_delivered_order(lines=[OrderLine(variant, 1)])
    (item,) = order.items.all()

    assert refuse(order, {item.pk: 1}) == (
        f"the product {variant.product} is not one that is taken back"
    )


def test_a_line_of_another_order_and_no_line_at_all_are_refused():
    order, other = make_delivered_order(), make_delivered_order()
    (item,) = other.items.all()

    assert refuse(order, {item.pk: 1}) == "a line is of another order"
    assert refuse(order, {}) == "no line was named"


def test_returning_a_line_bit_by_bit_gives_back_exactly_its_price():
    line = OrderLine(make_returnable_variant(), 3, unit_price=Decimal("33.33"))
    order = make_delivered_order(
        lines=[OrderLine(line.variant, 3, line.unit_price, discount=Decimal("0.01"))]
    )
    (item,) = order.items.all()

    parts = [make_return(order, lines={item.pk: 1}) for _ in range(3)]

    assert sum(part.refund_total for part in parts) == Decimal("99.98")


def test_a_cancelled_return_frees_its_units():
    order = make_delivered_order()
    found = make_return(order)

    cancel_return(found, reason="kept it after all")

    (item,) = order.items.all()
    assert returnable_quantity(item) == 3
    assert found.status_reason == "kept it after all"
    assert Event.objects.filter(event_type="return.cancelled").exists()
