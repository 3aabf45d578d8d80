"""Half a year of the demo company: its books are right, and the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Model

from finance.models import Payment
from fulfillment.models import Shipment
from inventory.models import PurchaseOrder, StockLevel, WorkOrder
from orders.models import Cart, Order
from returns.models import ReturnRequest, WarrantyClaim
from stateset.demo.seeding import seed_demo
from stateset.lib.invariants import all_invariants, violations
from tests.inventory.builders import make_variant
from tests.stateset.admin_walk import NOON

WORTH_COMPARING: dict[type[Model], tuple[str, ...]] = {
    Order: ("order_number", "status", "total_amount", "customer__email"),
    Cart: ("status", "subtotal", "expires_at"),
    Shipment: ("shipment_number", "status", "tracking_number", "delivered_at"),
    Payment: ("payment_number", "status", "amount", "processed_at"),
    ReturnRequest: ("rma_number", "status", "reason_code", "requested_at"),
    WarrantyClaim: ("claim_number", "status", "description", "resolved_at"),
    PurchaseOrder: ("po_number", "status", "total", "supplier__code"),
    WorkOrder: ("work_order_number", "status", "quantity_completed", "actual_end"),
    StockLevel: ("variant__sku", "location__code", "on_hand", "available"),
}

pytestmark = [pytest.mark.django_db, pytest.mark.history]


@pytest.mark.long
def test_the_same_seed_gives_the_same_company_and_its_books_are_right() -> None:
    def live() -> list[Any]:
        seed_demo(orders=30, seed=7, now=NOON)
        assert list(violations(all_invariants())) == []
        return snapshot()

    first = undone(live)
    with other_plans():
        assert undone(live) == first


@contextmanager
def other_plans() -> Iterator[None]:
    """Have rows without ORDER BY come as they lie: a server may do so any time."""
    if connection.vendor != "postgresql":
        yield
        return
    scans = ("indexscan", "indexonlyscan", "bitmapscan")
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET enable_{scan} = off" for scan in scans))
        yield
        cursor.execute("; ".join(f"RESET enable_{scan}" for scan in scans))


def test_a_database_in_use_is_left_alone() -> None:
    make_variant()

    with pytest.raises(CommandError, match="has products already"):
        call_command("seed_demo", orders=5)

    assert not Order.objects.exists()


def snapshot() -> list[Any]:
    """Return what people would compare, without keys that are drawn by chance."""
    return [
        sorted(model._base_manager.values_list(*columns), key=repr)
        for model, columns in WORTH_COMPARING.items()
    ]


def undone(live: Callable[[], list[Any]]) -> list[Any]:
    with transaction.atomic():
        result = live()
        transaction.set_rollback(True)
    return result
