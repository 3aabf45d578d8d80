from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Value

from orders.invariants import FULFILLMENT_STATUS, PAYMENT_STATUS, invariants
from orders.models import Cart, Order, OrderItem
from orders.services import (
    OrderLine,
    apply_payment_totals,
    cancel_order,
    record_packed,
    record_returned,
    record_shipped,
    set_cart_item,
)
from orders.services.derived import derive_payment_status, fulfillment_status_of
from tests.orders.builders import (
    make_cart,
    make_confirmed_order,
    make_order,
    make_order_in_work,
    make_stocked_variant,
    make_variant,
)

pytestmark = pytest.mark.django_db


def violations() -> dict[str, list[str]]:
    """Return what breaks which rule, without the rules that hold."""
    found = {rule.name: [str(each) for each in rule.find()] for rule in invariants()}
    return {name: broken for name, broken in found.items() if broken}


def test_whatever_the_services_do_the_books_hold() -> None:
    line = OrderLine(
        make_stocked_variant(30, price=Decimal("0.333"), tax_rate=Decimal("0.0875")),
        7,
        discount=Decimal("0.10"),
    )
    service = OrderLine(make_variant(is_stocked=False), 1)
    yen = OrderLine(
        make_variant(price=Decimal("99.5"), currency="JPY", tax_rate=Decimal("0.1")), 3
    )
    make_order(lines=[line, service], shipping_total=Decimal("32.38"))
    make_order(lines=[yen])
    cancel_order(make_confirmed_order(), reason="double")
    order = make_order_in_work(lines=[line, service])
    item = order.items.order_by("line_number").first()
    assert item is not None
    record_packed(order, quantities={item.pk: 7})
    set_cart_item(make_cart(), variant=make_variant(), quantity=3)
    # What only the warehouse does is not done here: the units were taken meanwhile.
    order_shipped = make_order_in_work(lines=[service])
    record_shipped(order_shipped, quantities={})
    record_returned(order_shipped, quantities={order_shipped.items.get().pk: 1})
    apply_payment_totals(order_shipped, paid=Decimal(10), refunded=Decimal(3))

    assert violations() == {}


def totals(total: str, *, lines: str) -> str:
    return (
        f"A-1: subtotal 20.0000, discount 0.0000, tax 0.0000, freight 0.0000, "
        f"total {total}; its lines: {lines}, 0.0000, 0.0000"
    )


def test_a_changed_total_is_found() -> None:
    make_order(order_number="A-1")
    Order.objects.update(total_amount=F("total_amount") + Decimal("0.01"))

    assert violations() == {"orders.totals": [totals("20.0100", lines="20.0000")]}


def test_a_changed_line_is_found_twice() -> None:
    make_order(order_number="A-1")
    OrderItem.objects.update(total_price=Decimal("19.99"))
    line = (
        "A-1 line 1: 2 × 10.0000 less 0.0000 is not 19.9900, or its tax at "
        "0.000000 not 0.0000"
    )

    assert violations() == {
        "orders.line_totals": [line],
        "orders.totals": [totals("20.0000", lines="19.9900")],
    }


def test_units_that_stock_does_not_hold_are_found() -> None:
    order = make_confirmed_order(order_number="A-1")
    order.items.update(quantity_reserved=1)

    assert violations() == {
        "orders.promised_units": ["A-1 line 1: 1 reserved or packed, stock holds 2"]
    }


def test_stock_held_for_an_order_that_is_gone_is_found() -> None:
    order = make_confirmed_order()
    item = order.items.get()
    key, line = order.pk, item.pk
    order.delete()

    assert violations() == {
        "orders.promised_units": [
            f"order line {line}: 0 reserved or packed, stock holds 2"
        ],
        "orders.reservations_have_order": [
            f"2 × {item.sku} Chai @ {order.location.code}: there is no order {key}"
        ],
    }


def test_a_cancelled_order_that_kept_its_units_is_found() -> None:
    make_confirmed_order(order_number="A-1")
    Order.objects.update(status="cancelled")

    assert violations() == {
        "orders.cancelled_units": ["A-1 line 1: is cancelled, and 2 units are not"]
    }


def test_a_shipped_order_of_which_not_all_left_is_found() -> None:
    make_order(order_number="A-1")
    Order.objects.update(status="delivered")

    assert violations() == {
        "orders.shipped_units": ["A-1 line 1: is delivered, and 2 units are not"]
    }


def test_states_that_do_not_follow_are_found() -> None:
    make_order(order_number="A-1")
    Order.objects.update(payment_status="paid", fulfillment_status="returned")

    assert violations() == {
        "orders.payment_status": ["A-1: payment is paid, should be pending"],
        "orders.fulfillment_status": [
            "A-1: fulfilment is returned, should be unfulfilled"
        ],
    }


def test_the_books_say_of_money_and_units_what_the_services_say() -> None:
    """The same two rules are written twice: for one order, and for all in SQL."""
    make_order()
    amounts = [Decimal(0), Decimal(5), Decimal(10), Decimal(12)]
    for paid, refunded, authorized, failure in product(
        amounts, amounts[:3], (Decimal(0), Decimal(10)), ("", "failed")
    ):
        if refunded > paid:
            continue
        money = {"paid": paid, "refunded": refunded, "authorized": authorized}
        Order.objects.update(
            total_amount=10,
            payment_failure=failure,
            **{f"amount_{name}": amount for name, amount in money.items()},
        )
        due = derive_payment_status(total=Decimal(10), failure=failure, **money)
        assert Order.objects.values_list(PAYMENT_STATUS).get() == (due,), money
    for shipped, returned, unshipped in product(range(3), repeat=3):
        units = {"shipped": shipped, "returned": returned, "unshipped": unshipped}
        given = {name: Value(number) for name, number in units.items()}
        rows = Order.objects.annotate(**given).values_list(FULFILLMENT_STATUS)
        assert rows.get() == (fulfillment_status_of(**units),), units


def test_an_authorised_order_that_does_not_say_so_is_found() -> None:
    make_order(order_number="A-1")
    Order.objects.update(amount_authorized=F("total_amount"))

    assert violations() == {
        "orders.payment_status": ["A-1: payment is pending, should be authorized"]
    }


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("order_payment_status_known", {"payment_status": "stuck"}),
        ("order_payment_failure_known", {"payment_failure": "stuck"}),
        ("order_money_not_negative", {"amount_authorized": Decimal(-1)}),
        ("order_refunded_within_paid", {"amount_refunded": Decimal(1)}),
    ],
)
def test_the_database_refuses_impossible_money(
    name: str, wrong: dict[str, Any]
) -> None:
    make_order()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Order.objects.update(**wrong)


def test_a_cart_that_does_not_add_up_is_found() -> None:
    cart = make_cart()
    Cart.objects.update(subtotal=Decimal(5))

    assert violations() == {
        "orders.cart_subtotals": [f"{cart}: subtotal 5.0000, lines 0.0000"]
    }
