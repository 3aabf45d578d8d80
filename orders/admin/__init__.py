from __future__ import annotations

from orders.admin.cart import CartAdmin, CartItemAdmin
from orders.admin.customer import AddressAdmin, CustomerAdmin
from orders.admin.order import OrderAdmin
from orders.admin.order_item import OrderItemAdmin

__all__ = [
    "AddressAdmin",
    "CartAdmin",
    "CartItemAdmin",
    "CustomerAdmin",
    "OrderAdmin",
    "OrderItemAdmin",
]
