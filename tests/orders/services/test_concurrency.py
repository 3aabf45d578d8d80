"""Two at once, on real connections: one wins, the other is told, nothing is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.errors import InsufficientStockError
from inventory.models import StockLevel, StockReservation
from orders.errors import CartRefusedError
from orders.models import Cart, Customer, Order
from orders.services import (
    OrderLine,
    cancel_order,
    checkout_cart,
    confirm_order,
    get_or_open_cart,
    place_order,
    record_packed,
    record_shipped,
    set_cart_item,
)
from stateset.system.models import Event
from stateset.system.services.transitions import ChangedMeanwhileError
from tests.orders.builders import (
    default_location,
    make_cart,
    make_confirmed_order,
    make_customer,
    make_order,
    make_order_in_work,
    make_stocked_variant,
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
