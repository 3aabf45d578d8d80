"""Delivered orders and their returns, for tests; every value can be overridden."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Permission

from finance.services import record_payment
from fulfillment.services import (
    create_shipment,
    deliver_shipment,
    mark_ready,
    pack_fulfillment,
    release_order,
    ship_shipment,
    start_picking,
)
from inventory.models import Location, ProductVariant, StockLevel
from orders.models import Order
from orders.services import OrderLine
from returns.models import ReturnRequest
from returns.services import (
    Finding,
    decide_return,
    inspect_return,
    receive_return,
    request_return,
)
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


def make_paid_order(**overrides: Any) -> Order:
    """Return a delivered order whose price was paid in one sum."""
    order = make_delivered_order(**overrides)
    record_payment(order=order, amount=order.total_amount, method="card", at=NOON)
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


def make_approved_return(order: Order | None = None, **overrides: Any) -> ReturnRequest:
    """Return a return of every unit of a paid order, approved by one or two people."""
    found = make_return(order or make_paid_order(), **overrides)
    while found.status == ReturnRequest.Status.REQUESTED:
        with acting_as(make_approver("approve_large_return")):
            decide_return(found, approve=True, at=NOON)
    return found


def make_received_return(order: Order | None = None, **overrides: Any) -> ReturnRequest:
    """Return a return of which every unit came back."""
    return receive_return(make_approved_return(order, **overrides), at=NOON)


def make_inspected_return(
    finding: Finding | None = None, order: Order | None = None, **overrides: Any
) -> ReturnRequest:
    """Return an inspected return; by default all of it goes back on the shelf."""
    found = make_received_return(order, **overrides)
    findings = {
        item.pk: finding or Finding("opened", restock=item.quantity_received)
        for item in found.items.all()
    }
    return inspect_return(found, findings=findings, at=NOON)


def level_of(found: ReturnRequest, kind: str = "warehouse") -> StockLevel | None:
    """Return the stock of a return's only variant, in a place of this kind."""
    item = found.items.get()
    return StockLevel.objects.filter(
        variant=item.order_item.variant, location__kind=kind
    ).first()


def on_hand(found: ReturnRequest, kind: str = "warehouse") -> int:
    """Return how many units of a return's only variant such a place has."""
    level = level_of(found, kind)
    return level.on_hand if level else 0
