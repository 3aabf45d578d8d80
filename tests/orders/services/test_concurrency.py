"""Two at once, on real connections: one wins, the other is told, nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from finance.services import record_payment
from inventory.errors import InsufficientStockError
from inventory.models import StockLevel, StockReservation
from orders.errors import (
    CartRefusedError,
    OrderNotEditableError,
    OrderNumberTakenError,
    OrderStateError,
    UnitsRefusedError,
)
from orders.models import Cart, Customer, Order
from orders.services import (
    OrderLine,
    cancel_order,
    cancel_unpaid_orders,
    checkout_cart,
    confirm_order,
    expire_cart,
    get_or_open_cart,
    hold_order,
    place_order,
    record_packed,
    record_returned,
    record_shipped,
    resume_order,
    set_cart_item,
    update_order_lines,
)
from stateset.lib.errors import StatesetError
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from stateset.system.services.transitions import ChangedMeanwhileError
from tests.orders.builders import (
    NOON,
    default_location,
    make_cart,
    make_confirmed_order,
    make_customer,
    make_order,
    make_order_in_work,
    make_stocked_variant,
    make_variant,
)
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def copies(order: Order) -> tuple[Order, Order]:
    """Return the order as two people have it on their screens."""
    return Order.objects.get(pk=order.pk), Order.objects.get(pk=order.pk)


def test_of_two_confirmations_one_is_told_and_stock_is_reserved_once() -> None:
    one, other = copies(make_order())

    results = at_once(lambda: confirm_order(one), lambda: confirm_order(other))

    assert refusals(results) == [ChangedMeanwhileError]
    assert StockReservation.objects.count() == 1
    assert StockLevel.objects.get().reserved == 2
    assert Event.objects.filter(event_type="order.confirmed").count() == 1


def test_of_two_cancellations_one_is_told_and_stock_is_given_back_once() -> None:
    one, other = copies(make_confirmed_order())

    results = at_once(
        lambda: cancel_order(one, reason="asked by phone"),
        lambda: cancel_order(other, reason="asked by mail"),
    )

    assert refusals(results) == [ChangedMeanwhileError]
    assert StockLevel.objects.get().reserved == 0
    assert Event.objects.filter(event_type="order.cancelled").count() == 1


def test_the_last_unit_goes_to_one_of_two_orders() -> None:
    variant = make_stocked_variant(1)
    one = make_order(lines=[OrderLine(variant, 1)])
    other = make_order(lines=[OrderLine(variant, 1)])

    results = at_once(lambda: confirm_order(one), lambda: confirm_order(other))

    assert refusals(results) == [InsufficientStockError]
    assert sorted(Order.objects.values_list("status", flat=True)) == [
        "confirmed",
        "pending",
    ]
    assert StockLevel.objects.get().available == 0


def test_two_orders_over_the_same_variants_do_not_deadlock() -> None:
    tea, tofu = make_stocked_variant(50), make_stocked_variant(50)
    lines = [OrderLine(tea, 1), OrderLine(tofu, 1)]
    orders = [
        make_order(lines=lines if index % 2 else lines[::-1]) for index in range(6)
    ]

    results = at_once(*[lambda order=order: confirm_order(order) for order in orders])

    assert refusals(results) == []
    assert {level.reserved for level in StockLevel.objects.all()} == {6}


def test_a_cart_checked_out_twice_becomes_one_order() -> None:
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(), quantity=2)
    one, other = Cart.objects.get(pk=cart.pk), Cart.objects.get(pk=cart.pk)

    results = at_once(lambda: checkout_cart(one), lambda: checkout_cart(other))

    assert refusals(results) == [CartRefusedError]
    assert Order.objects.count() == 1
    assert StockLevel.objects.get().reserved == 2


def test_a_cart_opened_twice_at_once_is_one_cart() -> None:
    customer = make_customer()

    one, other = at_once(
        lambda: get_or_open_cart(customer=customer),
        lambda: get_or_open_cart(customer=Customer.objects.get(pk=customer.pk)),
    )

    assert one == other
    assert Cart.objects.count() == 1


def test_an_order_sent_twice_at_once_with_one_key_is_one_order() -> None:
    default_location()
    customer, variant = make_customer(), make_stocked_variant()

    def place() -> Order:
        return place_order(
            customer=customer,
            lines=[OrderLine(variant, 1, unit_price=Decimal(7))],
            idempotency_key="shop:4711",
        )

    one, other = at_once(place, place)

    assert one == other
    assert Order.objects.count() == 1


def test_two_last_parcels_at_once_ship_the_order() -> None:
    order = make_order_in_work(
        lines=[OrderLine(make_stocked_variant(), 1) for _ in range(2)]
    )
    first, second = order.items.values_list("pk", flat=True)
    record_packed(order, quantities={first: 1, second: 1})
    one, other = copies(order)

    results = at_once(
        lambda: record_shipped(one, quantities={first: 1}),
        lambda: record_shipped(other, quantities={second: 1}),
    )

    assert refusals(results) == []
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == ("shipped", "fulfilled")


def test_units_come_back_once_though_two_say_so() -> None:
    order = make_order_in_work(lines=[OrderLine(make_stocked_variant(), 3)])
    (line,) = order.items.values_list("pk", flat=True)
    record_packed(order, quantities={line: 3})
    record_shipped(order, quantities={line: 3})
    one, other = copies(order)

    results = at_once(
        lambda: record_returned(one, quantities={line: 2}),
        lambda: record_returned(other, quantities={line: 2}),
    )

    assert refusals(results) == [UnitsRefusedError]
    item = order.items.get()
    assert (item.quantity_fulfilled, item.quantity_returned) == (3, 2)


def test_reserved_units_are_packed_once_though_two_say_so() -> None:
    order = make_order_in_work(lines=[OrderLine(make_stocked_variant(), 3)])
    (line,) = order.items.values_list("pk", flat=True)
    one, other = copies(order)

    results = at_once(
        lambda: record_packed(one, quantities={line: 2}),
        lambda: record_packed(other, quantities={line: 2}),
    )

    assert refusals(results) == [UnitsRefusedError]
    item = order.items.get()
    assert (item.quantity_reserved, item.quantity_packed) == (1, 2)


def test_of_many_holds_one_is_kept_with_its_reason() -> None:
    order = make_confirmed_order()
    held = [Order.objects.get(pk=order.pk) for _ in range(8)]

    results = at_once(
        *[
            lambda row=row, reason=f"reason {number}": hold_order(row, reason=reason)
            for number, row in enumerate(held)
        ]
    )

    assert len(refusals(results)) == 7
    assert set(refusals(results)) <= {ChangedMeanwhileError, InvalidTransitionError}
    order.refresh_from_db()
    (winner,) = (row for row in results if isinstance(row, Order))
    assert (order.status, order.held_from) == ("on_hold", "confirmed")
    assert order.status_reason == winner.status_reason
    assert Event.objects.filter(event_type="order.held").count() == 1


def test_of_two_who_let_an_order_go_on_one_is_told() -> None:
    one, other = copies(hold_order(make_confirmed_order(), reason="credit check"))

    results = at_once(lambda: resume_order(one), lambda: resume_order(other))

    assert len(refusals(results)) == 1
    assert set(refusals(results)) <= {ChangedMeanwhileError, OrderStateError}
    one.refresh_from_db()
    assert (one.status, one.held_from) == ("confirmed", "")


def test_lines_changed_while_the_order_is_confirmed_are_reserved_as_they_are() -> None:
    variant = make_stocked_variant(10)
    one, other = copies(make_order(lines=[OrderLine(variant, 2)]))

    results = at_once(
        lambda: confirm_order(one),
        lambda: update_order_lines(other, lines=[OrderLine(variant, 5, line_number=1)]),
    )

    assert len(refusals(results)) == 1
    assert set(refusals(results)) <= {ChangedMeanwhileError, OrderNotEditableError}
    one.refresh_from_db()
    item = one.items.get()
    assert StockLevel.objects.get().reserved == item.quantity_reserved
    assert one.total_amount == item.total_price == 10 * item.quantity
    assert item.quantity_reserved == (2 if one.status == "confirmed" else 0)


def test_a_cart_is_ordered_or_closed_and_not_both() -> None:
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(), quantity=2)
    one, other = Cart.objects.get(pk=cart.pk), Cart.objects.get(pk=cart.pk)

    results = at_once(lambda: checkout_cart(one), lambda: expire_cart(other))

    assert len(refusals(results)) == 1
    cart.refresh_from_db()
    is_ordered = cart.status == "converted"
    assert Order.objects.count() == int(is_ordered)
    assert StockLevel.objects.get().reserved == (2 if is_ordered else 0)


def test_a_cart_filled_by_many_at_once_adds_up() -> None:
    cart = make_cart()
    variants = [make_variant() for _ in range(4)]
    windows = [Cart.objects.get(pk=cart.pk) for _ in variants]

    results = at_once(
        *[
            lambda window=window, variant=variant: set_cart_item(
                window, variant=variant, quantity=1
            )
            for window, variant in zip(windows, variants, strict=True)
        ]
    )

    assert refusals(results) == []
    cart.refresh_from_db()
    assert (cart.items.count(), cart.subtotal) == (4, Decimal(40))


def test_a_number_given_twice_at_once_is_on_one_order() -> None:
    default_location()
    customers = [make_customer(), make_customer()]
    variant = make_stocked_variant()

    results = at_once(
        *[
            lambda customer=customer: place_order(
                customer=customer, lines=[OrderLine(variant, 1)], order_number="A-1"
            )
            for customer in customers
        ]
    )

    assert refusals(results) == [OrderNumberTakenError]
    assert Order.objects.count() == 1


def test_sixteen_orders_placed_at_once_have_numbers_of_their_own() -> None:
    default_location()
    customer, variant = make_customer(), make_stocked_variant()

    results = at_once(
        *[
            lambda: place_order(customer=customer, lines=[OrderLine(variant, 1)])
            for _ in range(16)
        ]
    )

    assert refusals(results) == []
    assert len({order.order_number for order in results}) == 16


def test_an_order_is_paid_or_cancelled_for_its_time_and_not_both() -> None:
    pay_by = NOON + timedelta(hours=1)
    order = make_confirmed_order(pay_by=pay_by)
    total = order.total_amount

    paid, cancelled = at_once(
        lambda: record_payment(order=order, amount=total, method="card"),
        lambda: cancel_unpaid_orders(at=pay_by + timedelta(minutes=1)),
    )

    order.refresh_from_db()
    is_cancelled = order.status == "cancelled"
    assert cancelled == int(is_cancelled)
    assert isinstance(paid, StatesetError) == is_cancelled
    assert StockLevel.objects.get().reserved == (0 if is_cancelled else 2)
    assert order.amount_paid == (0 if is_cancelled else total)
