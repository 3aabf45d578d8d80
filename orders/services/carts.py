"""Carts: one open basket a customer or session, ordered at most once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from inventory.models import ProductVariant
from orders.conf import cart_life, default_currency
from orders.errors import CartPricesChangedError, CartRefusedError, PriceChange
from orders.models import Cart, CartItem, Customer, Order
from orders.services.lifecycle import confirm_order
from orders.services.placing import place_order, require_active
from orders.services.pricing import OrderLine, require_sellable
from stateset.lib.fields import round_money
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, record_event
from stateset.system.services.locks import lock_row
from stateset.system.services.transitions import ChangedMeanwhileError, save_columns

LARGEST_QUANTITY = 999
"""As the CHECK on cart lines has it."""


def get_or_open_cart(
    *,
    customer: Customer | None = None,
    session_key: str = "",
    currency: str | None = None,
    at: datetime | None = None,
) -> Cart:
    """Return the open cart of a customer, or of a session without one.

    A cart whose time ran out is closed, and a new one opened.
    """
    _require_owner(customer, session_key)
    now = at or timezone.now()
    owner = {"customer": customer} if customer else {"session_key": session_key}
    cart = _open_cart_of(owner)
    if cart is not None and cart.expires_at < now:
        expire_cart(cart, at=now)
        cart = None
    if cart is not None:
        return cart
    try:
        with business_transaction(reason="cart opened"):
            cart = Cart.objects.create(
                customer=customer,
                session_key=session_key,
                currency=currency or default_currency(),
                expires_at=now + cart_life(),
            )
            record_event(cart, "cart.opened", at=now)
    except IntegrityError:
        # Another request of the same person opened one meanwhile.
        cart = _open_cart_of(owner)
        if cart is None:
            raise
    return cart


def set_cart_item(
    cart: Cart,
    *,
    variant: ProductVariant,
    quantity: int,
    at: datetime | None = None,
) -> CartItem | None:
    """Have the cart hold ``quantity`` of a variant at today's price; 0 removes it."""
    with business_transaction(reason="cart changed"):
        _lock_open(cart)
        if quantity == 0:
            item = None
            cart.items.filter(variant=variant).delete()
        else:
            _require_possible(cart, variant, quantity)
            item, _ = CartItem.objects.update_or_create(
                cart=cart,
                variant=variant,
                defaults=_priced(variant, quantity, currency=cart.currency),
            )
        _save_subtotal(cart, expires_at=(at or timezone.now()) + cart_life())
    return item


def refresh_cart_prices(cart: Cart) -> Sequence[PriceChange]:
    """Bring the cart to today's prices, and return what changed."""
    changes: list[PriceChange] = []
    with business_transaction(reason="cart prices refreshed"):
        _lock_open(cart)
        for item in cart.items.select_related("variant").order_by("pk"):
            if item.unit_price == item.variant.price:
                continue
            changes.append(
                PriceChange(item.variant.sku, item.unit_price, item.variant.price)
            )
            priced = _priced(item.variant, item.quantity, currency=cart.currency)
            CartItem.objects.filter(pk=item.pk).update(
                **priced, updated_at=timezone.now()
            )
        if changes:
            _save_subtotal(cart)
    return changes


def checkout_cart(
    cart: Cart,
    *,
    customer: Customer | None = None,
    at: datetime | None = None,
    **options: Any,
) -> Order:
    """Order what is in the cart: placed, stock reserved and cart closed, or nothing.

    ``options`` are those of ``place_order``. A cart of a session needs a
    ``customer``. If prices changed, the cart is brought up to date and
    CartPricesChangedError raised, so that nobody pays what was not seen; inside a
    transaction of the caller that refresh is undone with it.
    """
    changes = refresh_cart_prices(cart)
    if changes:
        raise CartPricesChangedError(f"{cart} was not ordered.", changes=changes)
    with business_transaction(reason="cart checked out"):
        _lock_open(cart)
        order = place_order(
            customer=_customer_of(cart, customer),
            lines=_order_lines(cart),
            currency=cart.currency,
            idempotency_key=f"cart:{cart.pk}",
            at=at,
            **options,
        )
        confirm_order(order, at=at)
        change_status(
            cart,
            Cart.Status.CONVERTED,
            event_type="cart.converted",
            at=at,
            payload={"order_number": order.order_number},
            converted_order=order,
        )
    return order


def expire_carts(*, at: datetime) -> int:
    """Close the open carts whose time ran out at ``at``; safe to run twice."""
    expired = 0
    for cart in Cart.objects.expired(at).iterator():
        # A customer who came back in time, or a quicker run, is no failure.
        with suppress(ChangedMeanwhileError):
            expire_cart(cart, at=at)
            expired += 1
    return expired


def expire_cart(cart: Cart, *, at: datetime | None = None) -> Cart:
    """Close an open cart that nobody will order; its customer gets a new one."""
    return change_status(cart, Cart.Status.EXPIRED, event_type="cart.expired", at=at)


def _require_owner(customer: Customer | None, session_key: str) -> None:
    if customer is not None:
        require_active(customer)
    elif not session_key:
        raise CartRefusedError(
            "No cart was opened.",
            why="neither a customer nor a session was named",
            fix="name one of them",
        )


def _open_cart_of(owner: dict[str, Any]) -> Cart | None:
    return Cart.objects.filter(status=Cart.Status.ACTIVE, **owner).first()


def _lock_open(cart: Cart) -> None:
    lock_row(cart)
    if cart.status == Cart.Status.ACTIVE:
        return
    order = cart.converted_order
    raise CartRefusedError(
        f"{cart} was not changed.",
        why=f"it was ordered as {order}" if order else "its time ran out",
        fix="look at that order" if order else "open a new cart",
    )


def _require_possible(cart: Cart, variant: ProductVariant, quantity: int) -> None:
    if not 1 <= quantity <= LARGEST_QUANTITY:
        raise CartRefusedError(
            f"{variant.sku} was not put into the cart.",
            why=f"the quantity is {quantity}",
            fix=f"choose 1 to {LARGEST_QUANTITY}, or 0 to take it out",
        )
    if variant.currency != cart.currency:
        raise CartRefusedError(
            f"{variant.sku} was not put into the cart.",
            why=f"it is priced in {variant.currency}, the cart is in {cart.currency}",
            fix="order it separately",
        )
    require_sellable([OrderLine(variant, quantity)])


def _priced(
    variant: ProductVariant, quantity: int, *, currency: str
) -> dict[str, int | Decimal]:
    return {
        "quantity": quantity,
        "unit_price": variant.price,
        "line_total": round_money(variant.price * quantity, currency),
    }


def _save_subtotal(cart: Cart, **columns: Any) -> None:
    totals = cart.items.values_list("line_total", flat=True)
    save_columns(cart, subtotal=sum(totals, Decimal(0)), **columns)


def _customer_of(cart: Cart, customer: Customer | None) -> Customer:
    owner = cart.customer or customer
    if owner is None:
        raise CartRefusedError(
            f"{cart} was not ordered.",
            why="it belongs to a session, not to a customer",
            fix="name the customer who orders",
        )
    return owner


def _order_lines(cart: Cart) -> list[OrderLine]:
    items = cart.items.select_related("variant__product").order_by("created_at", "pk")
    lines = [
        OrderLine(item.variant, item.quantity, unit_price=item.unit_price)
        for item in items
    ]
    if not lines:
        raise CartRefusedError(
            f"{cart} was not ordered.",
            why="it is empty",
            fix="put something in first",
        )
    return lines
