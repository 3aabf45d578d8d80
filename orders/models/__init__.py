from __future__ import annotations

from orders.models.cart import Cart, CartItem
from orders.models.customer import Address, Customer
from orders.models.order import Order
from orders.models.order_item import OrderItem

__all__ = ["Address", "Cart", "CartItem", "Customer", "Order", "OrderItem"]
