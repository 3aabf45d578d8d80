from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from inventory.errors import InsufficientStockError
from inventory.models import StockLevel
from orders.errors import (
    CartPricesChangedError,
    CartRefusedError,
    CustomerNotActiveError,
    LineRefusedError,
    PriceChange,
)
from orders.models import Cart, CartItem, Order
from orders.services import (
    cancel_unpaid_orders,
    change_customer_status,
    checkout_cart,
    expire_carts,
    get_or_open_cart,
    set_cart_item,
)
from stateset.system.models import Event
from tests.orders.builders import (
    NOON,
    default_location,
    make_cart,
    make_customer,
    make_stocked_variant,
    make_variant,
)

pytestmark = pytest.mark.django_db


def test_a_customer_has_one_open_cart() -> None:
    customer = make_customer()

    first = get_or_open_cart(customer=customer, at=NOON)
    second = get_or_open_cart(customer=customer, at=NOON)

    assert first == second
    assert first.expires_at == NOON + timedelta(days=30)
    assert Event.objects.filter(event_type="cart.opened").count() == 1


def test_a_session_has_a_cart_of_its_own() -> None:
    first = get_or_open_cart(session_key="abc", at=NOON)

    assert get_or_open_cart(session_key="abc", at=NOON) == first
    assert get_or_open_cart(session_key="def", at=NOON) != first


def test_a_cart_needs_an_owner() -> None:
    with pytest.raises(CartRefusedError) as caught:
        get_or_open_cart()

    assert str(caught.value) == (
        "No cart was opened.\n"
        "  why: neither a customer nor a session was named\n"
        "  fix: name one of them"
    )


def test_a_cart_kept_too_long_makes_way_for_a_new_one() -> None:
    customer = make_customer()
    old = get_or_open_cart(customer=customer, at=NOON)

    new = get_or_open_cart(customer=customer, at=NOON + timedelta(days=31))

    old.refresh_from_db()
    assert old.status == "expired"
    assert new != old


def test_a_suspended_customer_gets_no_cart() -> None:
    customer = make_customer()
    change_customer_status(customer, to="suspended", reason="chargebacks")

    with pytest.raises(CustomerNotActiveError):
        get_or_open_cart(customer=customer)


def test_lines_are_set_changed_and_taken_out() -> None:
    cart, tea, tofu = make_cart(), make_variant(), make_variant(price=Decimal("2.50"))

    set_cart_item(cart, variant=tea, quantity=2)
    set_cart_item(cart, variant=tofu, quantity=4)
    set_cart_item(cart, variant=tea, quantity=1)
    assert cart.subtotal == Decimal(20)
    set_cart_item(cart, variant=tofu, quantity=0)

    cart.refresh_from_db()
    assert cart.subtotal == Decimal(10)
    assert [(item.variant, item.quantity) for item in cart.items.all()] == [(tea, 1)]


def test_a_change_keeps_the_cart_for_longer() -> None:
    cart = make_cart()

    set_cart_item(cart, variant=make_variant(), quantity=1, at=NOON + timedelta(days=9))

    assert cart.expires_at == NOON + timedelta(days=39)


@pytest.mark.parametrize("quantity", [-1, 1000])
def test_a_quantity_out_of_range_is_refused(quantity) -> None:
    cart = make_cart()

    with pytest.raises(CartRefusedError) as caught:
        set_cart_item(cart, variant=make_variant(sku="TOFU"), quantity=quantity)

    assert str(caught.value) == (
        "TOFU was not put into the cart.\n"
        f"  why: the quantity is {quantity}\n"
        "  fix: choose 1 to 999, or 0 to take it out"
    )
    assert not CartItem.objects.exists()


def test_another_currency_is_refused() -> None:
    cart = make_cart()

    with pytest.raises(CartRefusedError) as caught:
        set_cart_item(
            cart, variant=make_variant(sku="TOFU", currency="EUR"), quantity=1
        )

    assert str(caught.value) == (
        "TOFU was not put into the cart.\n"
        "  why: it is priced in EUR, the cart is in USD\n"
        "  fix: order it separately"
    )


def test_a_variant_off_sale_is_refused() -> None:
    with pytest.raises(LineRefusedError, match="it is not on sale"):
        set_cart_item(make_cart(), variant=make_variant(is_active=False), quantity=1)


def test_checking_out_orders_reserves_and_closes_the_cart() -> None:
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(5), quantity=3)

    order = checkout_cart(cart, shipping_total=Decimal(5), at=NOON)

    cart.refresh_from_db()
    assert (cart.status, cart.converted_order) == ("converted", order)
    assert (order.status, order.customer) == ("confirmed", cart.customer)
    assert order.total_amount == Decimal(35)
    assert StockLevel.objects.get().available == 2


def test_a_cart_ordered_but_not_paid_in_time_keeps_no_stock() -> None:
    cart, other = make_cart(), make_cart()
    variant = make_stocked_variant(3)
    for each in (cart, other):
        set_cart_item(each, variant=variant, quantity=3)
    order = checkout_cart(cart, at=NOON, pay_by=NOON + timedelta(hours=1))
    with pytest.raises(InsufficientStockError):
        checkout_cart(other)

    cancel_unpaid_orders(at=NOON + timedelta(hours=2))

    order.refresh_from_db()
    assert order.status == "cancelled"
    assert checkout_cart(other).status == "confirmed"


def test_a_cart_of_a_session_is_ordered_for_the_customer_named() -> None:
    cart = make_cart(session_key="abc")
    set_cart_item(cart, variant=make_stocked_variant(), quantity=1)

    with pytest.raises(CartRefusedError) as caught:
        checkout_cart(cart)

    assert str(caught.value) == (
        f"{cart} was not ordered.\n"
        "  why: it belongs to a session, not to a customer\n"
        "  fix: name the customer who orders"
    )
    customer = make_customer()
    assert checkout_cart(cart, customer=customer).customer == customer


def test_a_changed_price_is_told_and_shown_before_anybody_pays_it() -> None:
    variant = make_stocked_variant(sku="TOFU")
    cart = make_cart()
    set_cart_item(cart, variant=variant, quantity=2)
    variant.price = Decimal("12.50")
    variant.save()

    with pytest.raises(CartPricesChangedError) as caught:
        checkout_cart(cart)

    assert str(caught.value) == (
        f"{cart} was not ordered.\n"
        "  why: TOFU was 10.00 and is now 12.50\n"
        "  fix: look at the new prices and check out again"
    )
    assert caught.value.changes == (PriceChange("TOFU", Decimal(10), Decimal("12.50")),)
    assert not Order.objects.exists()
    cart.refresh_from_db()
    assert cart.subtotal == Decimal(25)
    assert checkout_cart(cart).total_amount == Decimal(25)


def test_too_little_stock_leaves_the_cart_open_and_no_order() -> None:
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(1), quantity=2)

    with pytest.raises(InsufficientStockError):
        checkout_cart(cart)

    cart.refresh_from_db()
    assert cart.status == "active"
    assert not Order.objects.exists()
    assert StockLevel.objects.get().reserved == 0


def test_an_empty_cart_is_not_ordered() -> None:
    default_location()
    cart = make_cart()

    with pytest.raises(CartRefusedError) as caught:
        checkout_cart(cart)

    assert str(caught.value) == (
        f"{cart} was not ordered.\n  why: it is empty\n  fix: put something in first"
    )


def test_an_ordered_cart_is_not_ordered_again() -> None:
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(), quantity=1)
    order = checkout_cart(cart)

    with pytest.raises(CartRefusedError) as caught:
        checkout_cart(cart)

    assert str(caught.value) == (
        f"{cart} was not changed.\n"
        f"  why: it was ordered as {order}\n"
        "  fix: look at that order"
    )
    assert Order.objects.count() == 1


def test_an_expired_cart_is_closed_to_changes() -> None:
    cart = make_cart()
    expire_carts(at=NOON + timedelta(days=31))

    with pytest.raises(CartRefusedError) as caught:
        set_cart_item(cart, variant=make_variant(), quantity=1)

    assert str(caught.value) == (
        f"{cart} was not changed.\n  why: its time ran out\n  fix: open a new cart"
    )


def test_carts_expire_once_and_only_when_their_time_ran_out() -> None:
    old, young = make_cart(), make_cart(at=NOON + timedelta(days=9))
    at = NOON + timedelta(days=31)

    assert expire_carts(at=at) == 1
    assert expire_carts(at=at) == 0

    assert set(Cart.objects.values_list("pk", "status")) == {
        (old.pk, "expired"),
        (young.pk, "active"),
    }
