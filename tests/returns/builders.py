"""Delivered orders and their returns, for tests; every value can be overridden."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Permission

from fulfillment.services import (
    create_shipment,
    deliver_shipment,
    mark_ready,
    pack_fulfillment,
    release_order,
    ship_shipment,
    start_picking,
)
from inventory.models import Location, ProductVariant
from orders.models import Order
from orders.services import OrderLine
from returns.models import ReturnRequest
from returns.services import request_return
from stateset.accounts.models import User
from stateset.lib.journal import acting
from tests.orders.builders import NOON, make_confirmed_order, make_stocked_variant
from tests.stateset.builders import make_user


def make_returnable_variant(quantity: int = 10, **product: Any) -> ProductVariant:
    """Return a variant on the shelf; ``product`` are columns of its product."""
    variant = make_stocked_variant(quantity, price=Decimal(30))
    for name, value in product.items():
        setattr(variant.product, name, value)
    variant.product.save()
    return variant


def make_delivered_order(**overrides: Any) -> Order:
    """Return an order of three units at 30.00 whose goods arrived at NOON."""
    if "lines" not in overrides:
        overrides["lines"] = [OrderLine(make_returnable_variant(), 3)]
    order = make_confirmed_order(**overrides)
    pick = start_picking(release_order(order, at=NOON), at=NOON)
    shipment = create_shipment(pack_fulfillment(pick, at=NOON), at=NOON)
    ship_shipment(mark_ready(shipment, at=NOON), at=NOON)
    deliver_shipment(shipment, at=NOON)
    order.refresh_from_db()
    return order


def make_return(order: Order | None = None, **overrides: Any) -> ReturnRequest:
    """Return a return of every unit of an order."""
    order = order or make_delivered_order()
    values: dict[str, Any] = {
        "lines": {item.pk: item.quantity for item in order.items.all()},
        "reason_code": "changed_mind",
        "at": NOON,
    }
    return request_return(order, **{**values, **overrides})


def make_approver(*codenames: str) -> User:
    """Return a user who may approve returns, and more where named."""
    user = make_user()
    for codename in ("approve_return", *codenames):
        user.user_permissions.add(Permission.objects.get(codename=codename))
    return user


@contextmanager
def acting_as(user: User) -> Iterator[None]:
    """Act as ``user`` inside the block."""
    with acting(actor_id=str(user.pk), actor_label=user.email):
        yield


def make_quarantine() -> Location:
    """Return a location for goods that must not be sold."""
    return Location.objects.create(
        code="QUARANTINE", name="Quarantine", kind=Location.Kind.QUARANTINE
    )
