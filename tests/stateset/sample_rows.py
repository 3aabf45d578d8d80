"""Rows for the sample site, and someone who may see them."""

from __future__ import annotations

from typing import Any

from inventory.models import Location
from orders.models import Customer, Order

CUSTOMERS = "/admin/orders/customer/"
ORDERS = "/admin/orders/order/"


def make_customer(number: int, **overrides: Any) -> Customer:
    """Return a saved customer whose values all carry ``number``."""
    fields = {
        "customer_number": f"CUS-2026-{number:06d}",
        "email": f"c{number}@example.com",
        "first_name": "Ida",
        "last_name": f"Name{number}",
    }
    return Customer.objects.create(**{**fields, **overrides})


def make_order(number: int, customer: Customer, **overrides: Any) -> Order:
    """Return a saved order without lines."""
    location, _ = Location.objects.get_or_create(
        code="BER", defaults={"name": "Berlin"}
    )
    fields: dict[str, Any] = {
        "order_number": f"ORD-2026-{number:06d}",
        "customer": customer,
        "location": location,
    }
    return Order.objects.create(**{**fields, **overrides})


def customer_page(customer: Customer, page: str = "change") -> str:
    """Return the address of a page about ``customer``."""
    return f"{CUSTOMERS}{customer.pk}/{page}/"


def form_of(customer: Customer, **changes: str) -> dict[str, str]:
    """Return what a browser sends that opened the form just now."""
    fields = {
        "email": customer.email or "",
        "phone": customer.phone,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "company": customer.company,
        "notes": customer.notes,
        "_version": str(customer.version),
        "addresses-TOTAL_FORMS": "0",
        "addresses-INITIAL_FORMS": "0",
        "orders-TOTAL_FORMS": "0",
        "orders-INITIAL_FORMS": "0",
    }
    return fields | changes
