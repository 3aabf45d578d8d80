from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orders.models import Cart, CartItem, Order
from orders.services import set_cart_item
from tests.orders.builders import (
    make_cart,
    make_customer,
    make_stocked_variant,
    make_variant,
)
from tests.pages import (
    act,
    add_url,
    change_url,
    list_url,
    refusals,
    save,
    shown,
    staff,
    told,
)

pytestmark = pytest.mark.django_db


def test_staff_fill_a_cart_for_a_customer() -> None:
    customer, tea = make_customer(), make_variant(price=Decimal("4.50"))

    response = save(
        staff(),
        add_url(Cart),
        customer=customer.pk,
        items__0__variant=tea.pk,
        items__0__quantity="3",
    )

    cart = Cart.objects.get()
    assert response.redirect_chain, refusals(response)
    assert (cart.customer, cart.subtotal) == (customer, Decimal("13.50"))


def test_a_cart_added_here_needs_a_customer() -> None:
    response = save(staff(), add_url(Cart))

    assert response.context["adminform"].form.errors == {
        "customer": ["This field is required."]
    }


def test_lines_of_an_open_cart_change_through_the_service() -> None:
    cart, tea, tofu = make_cart(), make_variant(), make_variant(price=Decimal(3))
    set_cart_item(cart, variant=tea, quantity=1)
    set_cart_item(cart, variant=tofu, quantity=1)
    wine = make_variant(price=Decimal(20))

    save(
        staff(),
        change_url(cart),
        items__0__quantity="4",
        items__1__variant=wine.pk,
    )

    cart.refresh_from_db()
    assert cart.subtotal == Decimal(60)
    assert set(cart.items.values_list("variant", "quantity")) == {
        (tea.pk, 4),
        (wine.pk, 1),
    }
    save(staff(), change_url(cart), items__0__DELETE="on")
    cart.refresh_from_db()
    assert cart.subtotal == Decimal(20)


def test_a_cart_is_ordered_from_its_page() -> None:
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(), quantity=2)

    response = act(
        staff(),
        cart,
        "order",
        shipping_total="5",
        notes="ring twice",
        pay_by="2030-01-01T12:00",
    )

    order = Order.objects.get()
    assert order.pay_by == datetime(2030, 1, 1, 12, tzinfo=UTC)
    assert told(response) == [f"{cart} was ordered as {order}."]
    assert (order.status, order.notes) == ("confirmed", "ring twice")
    assert order.total_amount == Decimal(25)


def test_a_changed_price_is_shown_before_the_cart_is_ordered() -> None:
    cart, variant = make_cart(), make_stocked_variant()
    set_cart_item(cart, variant=variant, quantity=2)
    variant.price = Decimal(11)
    variant.save()

    response = act(staff(), cart, "order", shipping_total="0")

    assert told(response) == [
        f"{cart} was not ordered yet: prices changed. Look at them, then order."
    ]
    cart.refresh_from_db()
    assert (cart.status, cart.subtotal) == ("active", Decimal(22))
    act(staff(), cart, "order", shipping_total="0")
    assert Order.objects.get().total_amount == Decimal(22)


def test_a_closed_cart_is_only_read() -> None:
    cart = make_cart()
    set_cart_item(cart, variant=make_variant(), quantity=2)

    act(staff(), cart, "expire")

    cart.refresh_from_db()
    assert cart.status == "expired"
    data = shown(staff(), change_url(cart))
    assert not [name for name in data if name.endswith("-quantity")]


def test_carts_and_their_lines_are_found() -> None:
    customer = make_customer(last_name="Berg")
    cart = make_cart(customer=customer)
    set_cart_item(cart, variant=make_variant(sku="TOFU"), quantity=2)
    make_cart()
    browser = staff()

    page = browser.get(list_url(Cart), {"q": "Berg"})
    assert list(page.context["cl"].result_list) == [cart]
    page = browser.get(list_url(CartItem), {"q": "tofu"})
    assert [item.cart for item in page.context["cl"].result_list] == [cart]
    page = browser.get(list_url(Cart), {"preset": "open"})
    assert len(page.context["cl"].result_list) == 2
