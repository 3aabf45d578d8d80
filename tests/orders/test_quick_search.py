from __future__ import annotations

import pytest

from orders.models import Order
from orders.quick_search import LOOKUPS
from stateset.lib.quick_search import look_up
from tests.orders.builders import make_customer, make_order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("a-1", ["A-1"]),
        ("1Z99", ["A-1"]),
        ("CUS-1", ["CUS-1 Ana Trujillo"]),
        ("Ana.T@example.com", ["CUS-1 Ana Trujillo"]),
        ("A-", []),
    ],
)
def test_orders_and_customers_are_found_by_whole_numbers(term, found) -> None:
    customer = make_customer(number="CUS-1", email="ana.t@example.com")
    make_order(order_number="A-1", customer=customer)
    Order.objects.update(tracking_number="1Z99")

    hits = [hit.name for lookup in LOOKUPS for hit in look_up(lookup, term)]

    assert hits == found
