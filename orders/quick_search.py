"""By what the box on the home page finds an order or a customer."""

from __future__ import annotations

from orders.models import Customer, Order
from stateset.lib.quick_search import Lookup

LOOKUPS = [
    Lookup(Order, ["order_number", "tracking_number"]),
    Lookup(Customer, ["customer_number", "email"]),
]
