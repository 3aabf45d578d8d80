"""What the database refuses of customers, carts and orders, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model

from orders.models import Cart, CartItem, OrderItem
from orders.services import OrderLine, checkout_cart, place_order, set_cart_item
from tests.breaking import (
    checks_of,
    names_it,
    refused_copy,
    refused_update,
    uniques_of,
)
from tests.orders.builders import (
    make_address,
    make_cart,
    make_customer,
    make_order,
    make_stocked_variant,
    make_variant,
)

pytestmark = pytest.mark.django_db

Make = Callable[[], Model]


def make_line() -> OrderItem:
    """Return a line of two units at 10.00."""
    return make_order().items.get()


def make_cart_line() -> CartItem:
    """Return a line of one unit in an open cart."""
    item = set_cart_item(make_cart(), variant=make_variant(), quantity=1)
    assert item is not None
    return item


def make_session_cart() -> Cart:
    return make_cart(session_key="s-1")


def make_default_address() -> Model:
    return make_address(
        make_customer(), is_default_shipping=True, is_default_billing=True
    )


CHECKS: list[tuple[str, Make, dict[str, Any]]] = [
    ("customer_email_lower_case", make_customer, {"email": "Ana@example.com"}),
    ("customer_email_not_blank", make_customer, {"email": ""}),
    ("customer_status_known", make_customer, {"status": "lost"}),
    ("customer_name_given", make_customer, {"last_name": ""}),
    ("address_country_capitals", make_default_address, {"country_code": "de"}),
    ("cart_status_known", make_cart, {"status": "lost"}),
    ("cart_currency_code", make_cart, {"currency": "usd"}),
    ("cart_subtotal_not_negative", make_cart, {"subtotal": -1}),
    ("cart_has_owner", make_cart, {"customer": None}),
    ("cart_converted_has_order", make_cart, {"status": "converted"}),
    ("cart_item_quantity_range", make_cart_line, {"quantity": 1000}),
    ("cart_item_money_not_negative", make_cart_line, {"line_total": -1}),
    ("order_status_known", make_order, {"status": "lost"}),
    ("order_payment_status_known", make_order, {"payment_status": "lost"}),
    ("order_payment_failure_known", make_order, {"payment_failure": "lost"}),
    ("order_fulfillment_status_known", make_order, {"fulfillment_status": "lost"}),
    ("order_channel_known", make_order, {"channel": "lost"}),
    ("order_currency_code", make_order, {"currency": "usd"}),
    ("order_money_not_negative", make_order, {"tax_total": Decimal("-0.01")}),
    ("order_discount_within_subtotal", make_order, {"discount_total": 21}),
    ("order_refunded_within_paid", make_order, {"amount_refunded": Decimal("0.01")}),
    ("order_hold_remembers", make_order, {"status": "on_hold"}),
    ("order_hold_remembers", make_order, {"held_from": "pending"}),
    ("order_number_given", make_order, {"order_number": ""}),
    ("order_item_quantity_positive", make_line, {"quantity": 0}),
    ("order_item_money_not_negative", make_line, {"discount": -1}),
    ("order_item_tax_rate_fraction", make_line, {"tax_rate": 2}),
    (
        "order_item_units_within_quantity",
        make_line,
        {"quantity_fulfilled": 2, "quantity_cancelled": 1},
    ),
    (
        "order_item_returned_within_shipped",
        make_line,
        {"quantity_fulfilled": 1, "quantity_returned": 2},
    ),
]

UNIQUES: list[tuple[str, Make, dict[str, Any]]] = [
    ("address_one_default_shipping", make_default_address, {"is_default_billing": 0}),
    ("address_one_default_billing", make_default_address, {"is_default_shipping": 0}),
    ("cart_one_active_per_customer", make_cart, {}),
    ("cart_one_active_per_session", make_session_cart, {}),
    ("cart_item_variant_unique", make_cart_line, {}),
    ("order_item_line_unique", make_line, {}),
]


@pytest.mark.parametrize(("constraint", "make", "columns"), CHECKS)
def test_a_row_that_breaks_a_rule_is_refused(constraint, make, columns) -> None:
    assert names_it(refused_update(make(), **columns), constraint)


@pytest.mark.parametrize(("constraint", "make", "columns"), UNIQUES)
def test_a_second_row_where_one_may_be_is_refused(constraint, make, columns) -> None:
    assert names_it(refused_copy(make(), **columns), constraint)


def test_every_constraint_is_broken_here() -> None:
    assert {name for name, _, _ in CHECKS} == checks_of("orders")
    assert {name for name, _, _ in UNIQUES} == uniques_of("orders")


def test_numbers_and_keys_of_orders_are_there_once() -> None:
    order = place_order(
        customer=make_order().customer,
        lines=[OrderLine(make_variant(), 1)],
        idempotency_key="k-1",
    )

    assert "order_number" in refused_copy(order, idempotency_key=None)
    assert "idempotency_key" in refused_copy(order, order_number="A-2")


def test_a_cart_is_ordered_as_one_order_only() -> None:
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(), quantity=1)
    order = checkout_cart(cart)
    other = make_cart()

    said = refused_update(other, converted_order=order, status="converted")

    assert "converted_order" in said
