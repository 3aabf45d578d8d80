"""Each rule of the stock sees what breaks it, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from inventory.models import (
    Location,
    StockAllocation,
    StockLevel,
    StockReservation,
    StockTransaction,
)
from inventory.services.stock import (
    allocate_reservations,
    release_reservations,
    reserve_stock,
    take_allocated,
    transfer_stock,
)
from stateset.lib.invariants import all_invariants
from stateset.system.triggers import ledgers_open
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
)
from tests.inventory.stock.books import violations

pytestmark = pytest.mark.django_db


def make_busy_level() -> StockLevel:
    """Make a level with one row of each kind behind it: 7 on hand, 1 + 2 promised."""
    level = make_level(on_hand=10)
    kept, dropped, picked = make_reference(), make_reference(), make_reference()
    for reference, quantity in ((kept, 1), (dropped, 1), (picked, 4)):
        reserve_stock(
            location=level.location,
            demands=[make_demand(level, quantity)],
            reference=reference,
        )
    release_reservations(reference=dropped, reason="cancelled")
    (allocation,) = allocate_reservations(
        reservations_of=picked, to=make_reference("fulfillment_order")
    )
    take_allocated(quantities={allocation.pk: 2}, reference=make_reference("shipment"))
    transfer_stock(
        variant=level.variant,
        source=level.location,
        target=make_location(),
        quantity=1,
    )
    level.refresh_from_db()
    return level


def change(level: StockLevel, **columns: Any) -> None:
    StockLevel.objects.filter(pk=level.pk).update(**columns)


def test_books_that_agree_break_nothing() -> None:
    make_busy_level()

    assert violations() == []


def test_every_rule_has_a_name_of_its_own_and_a_sentence() -> None:
    rules = list(all_invariants())

    assert len({rule.name for rule in rules}) == len(rules) > 0
    assert all(rule.statement.endswith(".") for rule in rules)


def test_reserved_units_nobody_reserved_are_found() -> None:
    level = make_busy_level()
    change(level, reserved=2)

    assert violations() == [
        f"stock.reserved: {level}: reserved 2, expected 1",
        f"stock.ledger_sums: {level}: reserved 2, expected 1",
        f"stock.ledger_last: {level}: reserved 2, expected 1",
    ]


def test_allocated_units_nobody_allocated_are_found() -> None:
    level = make_busy_level()
    StockAllocation.objects.all().delete()

    assert violations() == [f"stock.allocated: {level}: allocated 2, expected 0"]


def test_units_without_a_ledger_row_are_found() -> None:
    level = make_busy_level()
    change(level, on_hand=8)

    assert violations() == [
        f"stock.{rule}: {level}: on_hand 8, expected 7"
        for rule in ("ledger_sums", "ledger_last")
    ]


def test_a_last_row_that_says_something_else_is_found() -> None:
    level = make_busy_level()
    with ledgers_open():
        last = level.transactions.order_by("-id")[:1]
        StockTransaction.objects.filter(pk__in=last.values("pk")).update(
            on_hand_after=6
        )

    assert violations() == [f"stock.ledger_last: {level}: on_hand 7, expected 6"]


def test_a_level_that_never_had_a_row_is_found() -> None:
    level = make_level()
    assert violations() == []
    change(level, on_hand=1)

    assert [each.partition(":")[0] for each in violations()] == [
        "stock.ledger_sums",
        "stock.ledger_last",
    ]


def test_half_a_transfer_is_found() -> None:
    make_busy_level()
    with ledgers_open():
        into = StockTransaction.objects.get(transaction_type="transfer_in")
        StockTransaction.objects.filter(pk=into.pk).delete()

    assert [each for each in violations() if each.startswith("stock.transfers")] == [
        f"stock.transfers: transfer {into.reference_id}: 1 rows, -1 units too many"
    ]


@pytest.mark.parametrize("status", ["released", "expired"])
def test_a_closed_reservation_that_holds_units_is_found(status: str) -> None:
    make_busy_level()
    released = StockReservation.objects.filter(status="released")
    released.update(quantity_released=0, status=status)

    key = StockReservation.objects.get(status=status).pk
    assert violations() == [
        f"stock.closed_promises_empty: stock reservation {key}: {status}, holds 1"
    ]


def test_a_cancelled_pick_that_holds_units_is_found() -> None:
    level = make_busy_level()
    (pick,) = StockAllocation.objects.all()
    StockAllocation.objects.update(status="cancelled", closed_at=timezone.now())

    assert violations() == [
        f"stock.closed_promises_empty: stock allocation {pick.pk}: cancelled, holds 2",
        f"stock.allocated: {level}: allocated 2, expected 0",
    ]


def test_a_promise_made_larger_is_found() -> None:
    level = make_busy_level()
    StockReservation.objects.active().update(quantity=2)

    assert violations() == [f"stock.reserved: {level}: reserved 1, expected 2"]


def test_a_transfer_that_loses_units_on_the_way_is_found() -> None:
    make_busy_level()
    with ledgers_open():
        into = StockTransaction.objects.filter(transaction_type="transfer_in")
        into.update(on_hand_delta=3)
    key = into.get().reference_id

    assert [each for each in violations() if each.startswith("stock.transfers")] == [
        f"stock.transfers: transfer {key}: 2 rows, 2 units too many"
    ]


def test_promised_quarantine_is_found() -> None:
    level = make_busy_level()
    Location.objects.filter(pk=level.location_id).update(kind=Location.Kind.QUARANTINE)

    assert violations() == [
        f"stock.quarantine_unpromised: {level}: 1 reserved, 2 allocated"
    ]


def test_a_closed_location_that_holds_stock_is_found() -> None:
    level = make_busy_level()
    Location.objects.filter(pk=level.location_id).update(is_active=False)

    assert violations() == [
        f"stock.closed_locations_empty: {level.location.code}: closed, holds 7"
    ]
