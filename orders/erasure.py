"""Which customers, carts, orders and promises of stock are about a customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from inventory.models import StockReservation, StockTransaction
from inventory.models.stock.references import ReferenceType
from orders.models import Address, Cart, CartItem, Customer, Order, OrderItem
from stateset.lib.erasing import BY_KEY, belongs, in_its_status, refers
from stateset.lib.states import legal_next

BELONGINGS = (
    belongs(Customer, "pk"),
    belongs(Address, "customer"),
    belongs(Cart, "customer"),
    belongs(CartItem, "cart__customer"),
    belongs(Order, "customer", idempotency_key=BY_KEY),
    belongs(OrderItem, "order__customer"),
    refers(StockReservation, ReferenceType.ORDER, Order, "customer"),
    refers(
        StockTransaction,
        ReferenceType.ORDER,
        Order,
        "customer",
        idempotency_key=BY_KEY,
    ),
)


def unfinished(using: str, key: UUID) -> Iterator[str]:
    """Yield the orders that are under way, and those with money to give back."""
    ended = (Order.Status.DELIVERED, Order.Status.CANCELLED)
    orders = Order.objects.using(using).filter(customer=key)
    under_way = orders.exclude(status__in=ended).order_by("order_number")
    yield from in_its_status("order", under_way)
    cancelled = orders.filter(status=Order.Status.CANCELLED)
    for order in cancelled.filter(amount_paid__gt=F("amount_refunded")):
        yield f"order {order} is cancelled, and its money was not given back"


def ended(using: str, key: UUID) -> dict[str, Any]:
    """Have an erased customer order nothing and be written to no more."""
    customer = Customer.objects.using(using).get(pk=key)
    was, becomes = customer.status, Customer.Status.INACTIVE
    leaves = becomes in legal_next(customer)
    Customer.objects.using(using).filter(pk=key).update(
        accepts_marketing=False,
        status=becomes if leaves else was,
        version=F("version") + 1,
        updated_at=timezone.now(),
    )
    return {"from": was, "to": str(becomes)} if leaves else {}
