"""A process that buys what is left, order by order; its Django is its own."""

from __future__ import annotations

from threading import Barrier
from uuid import UUID

import django
from django.apps import apps

if not apps.ready:
    django.setup()

from django.db import connections

from inventory.errors import InsufficientStockError
from inventory.models import ProductVariant
from orders.models import Customer
from orders.services import (
    OrderLine,
    confirm_order,
    place_order,
)

MOST_AT_ONCE = 9
_all_ready: list[Barrier] = []


def join_crowd(database: str, all_ready: Barrier) -> None:
    """Work on the database of the tests, and know for whom to wait."""
    connections.databases["default"]["NAME"] = database
    _all_ready.append(all_ready)


def buy_all(customer_id: UUID, variant_id: UUID) -> tuple[int, int]:
    """Order until not one unit is to be had; return units sold and refusals."""
    customer = Customer.objects.get(pk=customer_id)
    variant = ProductVariant.objects.select_related("product").get(pk=variant_id)
    _all_ready[0].wait(timeout=120)
    units, sold, refused = MOST_AT_ONCE, 0, 0
    while units:
        order = place_order(customer=customer, lines=[OrderLine(variant, units)])
        try:
            confirm_order(order)
        except InsufficientStockError:
            refused += 1
            units //= 2
        else:
            sold += units
    connections.close_all()
    return sold, refused
