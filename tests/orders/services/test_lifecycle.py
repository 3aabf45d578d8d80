from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from inventory.errors import InsufficientStockError
from inventory.models import StockLevel, StockReservation
from orders.errors import CustomerNotActiveError, OrderStateError, UnitsUnderWayError
from orders.models import Order
from orders.services import (
    OrderLine,
    apply_payment_totals,
    begin_processing,
    cancel_order,
    cancel_unpaid_orders,
    change_customer_status,
    confirm_order,
    hold_order,
    record_delivered,
    record_packed,
    record_shipped,
    record_unpacked,
    resume_order,
)
from orders.signals import order_cancelling, order_confirmed, order_delivered
from stateset.lib.errors import StatesetError
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.orders.builders import (
    NOON,
    make_confirmed_order,
    make_order,
    make_order_in_work,
    make_stocked_variant,
    make_variant,
)

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=1)
A_MINUTE = timedelta(minutes=1)


def events_of(order: Order) -> list[str]:
    events = Event.objects.filter(aggregate_id=order.pk).order_by("id")
    return list(events.values_list("event_type", flat=True))


def test_confirming_reserves_the_stock_of_every_line() -> None:
    order = make_order()

    confirm_order(order, at=NOON)

    order.refresh_from_db()
    item = order.items.get()
    reservation = StockReservation.objects.get(reference_id=order.pk)
    assert (order.status, order.confirmed_at) == ("confirmed", NOON)
    assert (item.quantity_reserved, reservation.quantity) == (2, 2)
    assert reservation.reference_line_id == item.pk
    assert StockLevel.objects.get().available == 8
    assert events_of(order) == ["order.placed", "order.confirmed"]


def test_services_are_confirmed_without_stock() -> None:
    order = make_order(lines=[OrderLine(make_variant(is_stocked=False), 3)])

    confirm_order(order)

    assert order.items.get().quantity_reserved == 0
    assert not StockReservation.objects.exists()


def test_a_short_line_leaves_every_line_unreserved() -> None:
    plenty = make_stocked_variant(100)
    scarce = make_stocked_variant(1, sku="TOFU")
    order = make_order(lines=[OrderLine(plenty, 5), OrderLine(scarce, 2)])

    with pytest.raises(InsufficientStockError, match="TOFU"):
        confirm_order(order)

    order.refresh_from_db()
    assert order.status == "pending"
    assert not StockReservation.objects.exists()
    assert {level.reserved for level in StockLevel.objects.all()} == {0}
    assert set(order.items.values_list("quantity_reserved", flat=True)) == {0}
    assert events_of(order) == ["order.placed"]


def test_two_lines_of_one_variant_count_together() -> None:
    variant = make_stocked_variant(3)
    order = make_order(lines=[OrderLine(variant, 2), OrderLine(variant, 2)])

    with pytest.raises(InsufficientStockError):
        confirm_order(order)

    assert StockLevel.objects.get().reserved == 0


def test_an_order_of_a_customer_suspended_since_is_not_confirmed() -> None:
    order = make_order()
    change_customer_status(order.customer, to="suspended", reason="chargebacks")

    with pytest.raises(CustomerNotActiveError):
        confirm_order(Order.objects.get(pk=order.pk))

    assert not StockReservation.objects.exists()


def test_an_order_is_confirmed_once() -> None:
    order = make_confirmed_order(order_number="A-1")

    with pytest.raises(InvalidTransitionError) as caught:
        confirm_order(order)

    assert str(caught.value) == (
        "Order A-1 was not changed to confirmed.\n"
        "  why: it is confirmed\n"
        "  fix: reload the page; from here it can become "
        "cancelled, on_hold, processing"
    )


@pytest.mark.parametrize("make", [make_order, make_confirmed_order, make_order_in_work])
def test_a_held_order_goes_on_from_where_it_was(make) -> None:
    order = make()
    was = order.status
    reserved = order.items.get().quantity_reserved

    hold_order(order, reason="address looks wrong")
    assert (order.status, order.held_from) == ("on_hold", was)
    assert order.status_reason == "address looks wrong"
    resume_order(order)

    order.refresh_from_db()
    assert (order.status, order.held_from, order.status_reason) == (was, "", "")
    assert order.items.get().quantity_reserved == reserved


@pytest.mark.parametrize(
    ("step", "words"),
    [(confirm_order, "confirmed"), (begin_processing, "taken into work")],
)
def test_an_order_on_hold_does_not_go_on(step, words) -> None:
    order = hold_order(make_order(order_number="A-1"), reason="address looks wrong")

    with pytest.raises(OrderStateError) as caught:
        step(order)

    assert str(caught.value) == (
        f"Order A-1 was not {words}.\n"
        "  why: it is on hold: address looks wrong\n"
        "  fix: resume it first"
    )


def test_only_an_order_on_hold_is_resumed() -> None:
    order = make_order(order_number="A-1")

    with pytest.raises(OrderStateError) as caught:
        resume_order(order)

    assert str(caught.value) == (
        "Order A-1 was not resumed.\n"
        "  why: it is pending, not on hold\n"
        "  fix: reload the page; there is nothing to resume"
    )


def test_cancelling_gives_the_stock_back() -> None:
    order = make_confirmed_order()

    cancel_order(order, reason="customer changed their mind", at=NOON)

    order.refresh_from_db()
    item = order.items.get()
    assert (order.status, order.cancelled_at) == ("cancelled", NOON)
    assert order.status_reason == "customer changed their mind"
    assert (item.quantity_reserved, item.quantity_cancelled) == (0, 2)
    assert StockLevel.objects.get().available == 10
    assert not StockReservation.objects.active().exists()


def test_an_order_on_hold_can_be_cancelled() -> None:
    order = hold_order(make_confirmed_order(), reason="asks for a quote")

    cancel_order(order, reason="no answer")

    order.refresh_from_db()
    assert (order.status, order.held_from) == ("cancelled", "")


def test_packed_units_keep_an_order_from_being_cancelled() -> None:
    variant = make_stocked_variant(sku="TOFU")
    order = make_order_in_work(order_number="A-1", lines=[OrderLine(variant, 3)])
    item = order.items.get()
    record_packed(order, quantities={item.pk: 2})

    with pytest.raises(UnitsUnderWayError) as caught:
        cancel_order(order, reason="too late")

    assert str(caught.value) == (
        "Order A-1 was not cancelled.\n"
        "  why: line 1 (TOFU): 2 packed, 0 shipped\n"
        "  fix: unpack what is packed; have what is shipped sent back as a return"
    )
    assert StockLevel.objects.get().reserved == 3
    record_unpacked(order, quantities={item.pk: 2})
    assert cancel_order(order, reason="too late").status == "cancelled"


@pytest.fixture
def heard() -> Any:
    """Collect what the orders app tells, with a receiver for each signal."""
    told: list[tuple[str, dict[str, Any]]] = []

    def on_confirmed(**kwargs: Any) -> None:
        told.append(("confirmed", kwargs))

    def on_cancelling(**kwargs: Any) -> None:
        told.append(("cancelling", kwargs))

    def on_delivered(**kwargs: Any) -> None:
        told.append(("delivered", kwargs))

    order_confirmed.connect(on_confirmed)
    order_cancelling.connect(on_cancelling)
    order_delivered.connect(on_delivered)
    yield told
    order_confirmed.disconnect(on_confirmed)
    order_cancelling.disconnect(on_cancelling)
    order_delivered.disconnect(on_delivered)


def test_each_step_is_told_to_the_apps_above(heard) -> None:
    order = make_order_in_work()
    item = order.items.get()
    record_packed(order, quantities={item.pk: 2})
    record_shipped(order, quantities={item.pk: 2}, at=NOON)
    record_delivered(order, at=NOON)
    other = cancel_order(make_order(), reason="double")

    assert [name for name, _ in heard] == ["confirmed", "delivered", "cancelling"]
    assert heard[1][1]["order"] == order
    assert heard[2][1]["order"] == other
    assert heard[2][1]["reason"] == "double"


def test_a_receiver_may_veto_cancelling() -> None:
    order = make_confirmed_order()

    def veto(**_: Any) -> None:
        raise StatesetError("The order was not cancelled.", why="the lorry has left")

    order_cancelling.connect(veto)
    try:
        with pytest.raises(StatesetError, match="the lorry has left"):
            cancel_order(order, reason="too late")
    finally:
        order_cancelling.disconnect(veto)

    order.refresh_from_db()
    assert order.status == "confirmed"
    assert StockLevel.objects.get().reserved == 2
    assert events_of(order) == ["order.placed", "order.confirmed"]


def test_what_nobody_paid_in_time_is_cancelled_once_and_its_stock_given_back() -> None:
    variant = make_stocked_variant(10)
    unpaid = make_confirmed_order(lines=[OrderLine(variant, 3)], pay_by=LATER)

    assert cancel_unpaid_orders(at=LATER) == 0
    assert cancel_unpaid_orders(at=LATER + A_MINUTE) == 1
    assert cancel_unpaid_orders(at=LATER + A_MINUTE) == 0

    unpaid.refresh_from_db()
    assert (unpaid.status, unpaid.status_reason) == ("cancelled", "not paid in time")
    assert StockLevel.objects.get().available == 10


@pytest.mark.parametrize("failure", ["failed", "voided"])
def test_a_payment_that_brought_nothing_keeps_no_order(failure: str) -> None:
    order = make_confirmed_order(pay_by=LATER)
    apply_payment_totals(order, paid=Decimal(0), refunded=Decimal(0), failure=failure)

    assert cancel_unpaid_orders(at=LATER + A_MINUTE) == 1


def test_what_was_paid_held_or_begun_is_not_cancelled_for_its_time() -> None:
    variant = make_stocked_variant(10)
    terms: dict[str, Any] = {"lines": [OrderLine(variant, 1)], "pay_by": LATER}
    apply_payment_totals(
        make_confirmed_order(**terms), paid=Decimal(1), refunded=Decimal(0)
    )
    vouched = make_confirmed_order(**terms)
    apply_payment_totals(
        vouched, paid=Decimal(0), refunded=Decimal(0), authorized=vouched.total_amount
    )
    hold_order(make_confirmed_order(**terms), reason="the customer calls back")
    make_order_in_work(**terms)
    make_confirmed_order(lines=[OrderLine(variant, 1)])

    assert cancel_unpaid_orders(at=LATER + A_MINUTE) == 0
    assert StockLevel.objects.get().reserved == 5


def test_work_begins_once_and_only_on_confirmed_orders() -> None:
    order = make_order_in_work()

    assert begin_processing(order).status == "processing"
    assert events_of(order).count("order.processing") == 1
    with pytest.raises(InvalidTransitionError):
        begin_processing(make_order())


def test_only_a_shipped_order_is_delivered() -> None:
    order = make_order_in_work(order_number="A-1")

    with pytest.raises(InvalidTransitionError) as caught:
        record_delivered(order)

    assert str(caught.value).splitlines()[0] == (
        "Order A-1 was not changed to delivered."
    )


@pytest.mark.parametrize(
    ("step", "words"), [(hold_order, "put on hold"), (cancel_order, "cancelled")]
)
def test_stopping_an_order_needs_a_reason(step, words) -> None:
    order = make_confirmed_order(order_number="A-1")

    with pytest.raises(StatesetError) as caught:
        step(order, reason=" ")

    assert str(caught.value) == (
        f"Order A-1 was not {words}.\n"
        "  why: no reason was given\n"
        "  fix: say why in a few words; it is kept with the document"
    )
    order.refresh_from_db()
    assert order.status == "confirmed"
