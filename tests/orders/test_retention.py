from __future__ import annotations

from datetime import timedelta

import pytest

from orders.models import Cart
from orders.retention import rules
from orders.services import checkout_cart, expire_carts, set_cart_item
from tests.orders.builders import NOON, make_cart, make_stocked_variant

pytestmark = pytest.mark.django_db

TIME_IS_OUT = NOON + timedelta(days=30)


def test_a_cart_nobody_ordered_is_over_when_its_time_has_been_out_for_long():
    (rule,) = rules()
    assert rule.keep == timedelta(days=90)
    cart, closed = make_cart(), make_cart()
    expire_carts(at=TIME_IS_OUT + timedelta(hours=1))
    assert set(rule.rows(TIME_IS_OUT)) == set()
    assert set(rule.rows(TIME_IS_OUT + timedelta(seconds=1))) == {cart, closed}


def test_a_cart_that_was_ordered_stays_with_its_order():
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(), quantity=1, at=NOON)
    checkout_cart(cart, at=NOON)
    (rule,) = rules()
    assert not rule.rows(NOON + timedelta(days=9999)).exists()
    assert Cart.objects.exists()
