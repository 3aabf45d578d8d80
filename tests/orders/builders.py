"""Customers, carts and orders as tests need them; every value can be overridden."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from inventory.models import Location, Product, ProductVariant
from inventory.services.stock import Reference, receive_stock
from orders.models import Address, Cart, Customer, Order
from orders.services import (
    OrderLine,
    begin_processing,
    confirm_order,
    create_customer,
    get_or_open_cart,
    place_order,
    save_address,
)
from tests.serials import next_number

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""A Friday; orders of tests are placed then unless they say otherwise."""


def make_location(**overrides: Any) -> Location:
    """Return a warehouse, the default one if there is none yet."""
    values: dict[str, Any] = {
        "code": f"WH{next_number()}",
        "name": "Main warehouse",
        "is_default": not Location.objects.filter(is_default=True).exists(),
    }
    return Location.objects.create(**{**values, **overrides})


def default_location() -> Location:
    """Return the default location, made if need be."""
    return Location.objects.filter(is_default=True).first() or make_location()


def make_variant(*, tax_rate: Decimal = Decimal(0), **overrides: Any) -> ProductVariant:
    """Return a variant on sale at 10.00 without tax."""
    serial = next_number()
    product = Product.objects.create(
        sku=f"P{serial}",
        name="Chai",
        status=Product.Status.ACTIVE,
        tax_rate=tax_rate,
    )
    values: dict[str, Any] = {
        "product": product,
        "sku": f"CHAI-{serial}",
        "name": "Chai",
        "price": Decimal(10),
    }
    return ProductVariant.objects.create(**{**values, **overrides})


def stock(
    variant: ProductVariant,
    quantity: int,
    *,
    location: Location | None = None,
    unit_cost: Decimal = Decimal(4),
) -> None:
    """Put units of a variant on the shelf."""
    key = uuid4()
    receive_stock(
        variant=variant,
        location=location or default_location(),
        quantity=quantity,
        unit_cost=unit_cost,
        reference=Reference("opening", key),
        line_id=key,
        at=NOON,
    )


def make_stocked_variant(quantity: int = 10, **overrides: Any) -> ProductVariant:
    """Return a variant on sale with units on the shelf of the default location."""
    variant = make_variant(**overrides)
    stock(variant, quantity)
    return variant


def make_customer(**overrides: Any) -> Customer:
    """Return an active customer with an e-mail."""
    serial = next_number()
    values: dict[str, Any] = {
        "first_name": "Ana",
        "last_name": "Trujillo",
        "email": f"ana{serial}@example.com",
    }
    return create_customer(**{**values, **overrides})


def make_address(customer: Customer, **overrides: Any) -> Address:
    """Return an address of the customer, no default."""
    values: dict[str, Any] = {
        "line1": "Obere Str. 57",
        "city": "Berlin",
        "postal_code": "12209",
        "country_code": "DE",
    }
    return save_address(Address(customer=customer, **{**values, **overrides}))


def make_order(**overrides: Any) -> Order:
    """Return a pending order of one line of two units, with stock on the shelf."""
    default_location()
    values: dict[str, Any] = {"at": NOON}
    if "customer" not in overrides:
        values["customer"] = make_customer()
    if "lines" not in overrides:
        values["lines"] = [OrderLine(make_stocked_variant(), 2)]
    return place_order(**{**values, **overrides})


def make_short_order(*, there: int = 3, ordered: int = 5) -> Order:
    """Return a pending order of goods of which too few are there, and a service."""
    goods = make_stocked_variant(there) if there else make_variant()
    lines = [OrderLine(goods, ordered), OrderLine(make_variant(is_stocked=False), 1)]
    return make_order(lines=lines)


def make_confirmed_order(**overrides: Any) -> Order:
    """Return an order whose stock is reserved."""
    return confirm_order(make_order(**overrides), at=NOON)


def make_order_in_work(**overrides: Any) -> Order:
    """Return an order the warehouse has taken into work."""
    return begin_processing(make_confirmed_order(**overrides), at=NOON)


def make_cart(**overrides: Any) -> Cart:
    """Return an open, empty cart of a new customer."""
    if "customer" not in overrides and "session_key" not in overrides:
        overrides["customer"] = make_customer()
    return get_or_open_cart(**{"at": NOON, **overrides})
