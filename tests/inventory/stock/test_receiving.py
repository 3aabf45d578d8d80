"""What comes in: units, cost, and each receipt once."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from inventory.errors import (
    IdempotencyMismatchError,
    InvalidQuantityError,
    LocationNotUsableError,
    NotStockedError,
)
from inventory.models import Location, StockLevel, StockTransaction
from inventory.services.stock import (
    close_location,
    count_stock,
    ensure_level,
    receive_stock,
)
from stateset.system.models import Event
from tests.inventory.builders import (
    make_level,
    make_location,
    make_reference,
    make_variant,
    quantities,
)
from tests.inventory.stock.books import ledger, violations

pytestmark = pytest.mark.django_db

LINE = UUID(int=7)


def receive(level: StockLevel, **changes: Any) -> StockTransaction:
    values = {
        "variant": level.variant,
        "location": level.location,
        "quantity": 5,
        "unit_cost": Decimal("2.5"),
        "reference": make_reference("item_receipt"),
        "line_id": LINE,
    }
    return receive_stock(**{**values, **changes})


def test_received_units_are_on_hand_and_in_the_ledger() -> None:
    level = make_level()
    moment = datetime(2026, 3, 1, tzinfo=UTC)

    entry = receive(level, at=moment)

    assert quantities(level) == (5, 0, 0)
    entry.refresh_from_db()
    assert (entry.on_hand_delta, entry.on_hand_after) == (5, 5)
    assert (entry.unit_cost, entry.occurred_at) == (Decimal("2.5"), moment)
    assert entry.reference_line_id == LINE
    event = Event.objects.get(event_type="stock.received")
    assert (event.aggregate_id, event.occurred_at) == (level.pk, moment)
    assert event.payload["on_hand"] == 5
    assert violations() == []


@pytest.mark.parametrize(
    ("first", "second", "average"),
    [
        ((10, "2"), (5, "5"), "3"),
        ((3, "10"), (3, "1"), "5.5"),
        ((1, "1"), (2, "2"), "1.666667"),
        ((7, "0"), (1, "0.000001"), "0"),
        ((1, "9999999999999"), (1, "9999999999999"), "9999999999999"),
    ],
)
def test_cost_is_a_moving_average(
    first: tuple[int, str], second: tuple[int, str], average: str
) -> None:
    level = make_level()
    for quantity, cost in (first, second):
        receive(level, quantity=quantity, unit_cost=Decimal(cost))

    level.refresh_from_db()

    assert level.average_cost == Decimal(average)


def test_the_average_starts_anew_when_nothing_was_left() -> None:
    level = make_level(on_hand=4, unit_cost=Decimal(8))
    count_stock(level=level, counted=0, reason="burnt")

    receive(level, quantity=2, unit_cost=Decimal(3))

    level.refresh_from_db()
    assert level.average_cost == Decimal(3)


def test_the_same_key_twice_is_one_row_and_the_same_answer() -> None:
    level = make_level()
    reference = make_reference("item_receipt")

    first, second = (
        receive(level, reference=reference, idempotency_key="receipt:1")
        for _ in range(2)
    )

    assert first == second
    assert quantities(level) == (5, 0, 0)
    assert ledger(level) == [("receive", 5, 0, 0)]
    assert Event.objects.filter(event_type="stock.received").count() == 1


def test_the_same_key_answers_after_the_location_was_closed() -> None:
    level = make_level()
    reference = make_reference("item_receipt")
    first = receive(level, reference=reference, idempotency_key="receipt:1")
    count_stock(level=level, counted=0, reason="moved out")
    close_location(level.location)

    again = receive(level, reference=reference, idempotency_key="receipt:1")

    assert again == first


@pytest.mark.parametrize(
    "other",
    [
        {"quantity": 6},
        {"unit_cost": Decimal(3)},
        {"line_id": UUID(int=8)},
        {"kind": "produce"},
    ],
)
def test_a_key_used_for_another_receipt_is_refused(other: dict[str, Any]) -> None:
    level = make_level()
    reference = make_reference("item_receipt")
    receive(level, reference=reference, idempotency_key="receipt:1")

    with pytest.raises(IdempotencyMismatchError) as refusal:
        receive(level, reference=reference, idempotency_key="receipt:1", **other)

    assert str(refusal.value) == (
        "The stock was not received.\n"
        f"  why: the key 'receipt:1' was used before, for 5 × {level}\n"
        "  fix: use a new key for a new receipt"
    )
    assert quantities(level) == (5, 0, 0)


def test_a_key_used_at_another_location_is_refused() -> None:
    level = make_level()
    reference = make_reference("item_receipt")
    receive(level, reference=reference, idempotency_key="receipt:1")

    with pytest.raises(IdempotencyMismatchError):
        receive(
            level,
            location=make_location(),
            reference=reference,
            idempotency_key="receipt:1",
        )

    assert StockLevel.objects.count() == 1


@pytest.mark.parametrize("quantity", [0, -1, 2_147_483_648])
def test_a_quantity_that_is_none_is_refused(quantity: int) -> None:
    level = make_level()

    with pytest.raises(InvalidQuantityError) as refusal:
        receive(level, quantity=quantity)

    assert str(refusal.value) == (
        "The quantity is not one that stock can move by.\n"
        f"  why: it is {quantity}\n"
        "  fix: give a whole number from 1 to 2147483647"
    )
    assert ledger(level) == []


@pytest.mark.parametrize("cost", ["-0.01", "NaN", "Infinity", "10000000000000"])
def test_a_cost_that_is_none_is_refused(cost: str) -> None:
    level = make_level()

    with pytest.raises(InvalidQuantityError, match="The cost of a unit is not one"):
        receive(level, unit_cost=Decimal(cost))

    assert ledger(level) == []


def test_more_than_a_level_can_count_is_refused() -> None:
    level = make_level(on_hand=2_147_483_647)

    with pytest.raises(InvalidQuantityError) as refusal:
        receive(level, quantity=1)

    assert refusal.value.what == f"{level} was not changed."
    assert refusal.value.why == (
        "it holds 2147483647, and 1 more pass what a level can count (2147483647)"
    )
    assert quantities(level) == (2_147_483_647, 0, 0)


def test_nothing_comes_into_a_closed_location() -> None:
    level = make_level()
    close_location(level.location)

    with pytest.raises(LocationNotUsableError) as refusal:
        receive(level)

    assert str(refusal.value) == (
        f"Nothing can be put into {level.location.code}.\n"
        "  why: the location is closed\n"
        "  fix: open it again under Locations, or choose another"
    )
    assert quantities(level) == (0, 0, 0)


def test_quarantine_receives() -> None:
    level = make_level(location=make_location(kind=Location.Kind.QUARANTINE))

    receive(level, kind="return")

    assert ledger(level) == [("return", 5, 0, 0)]
    assert violations() == []


def test_no_level_is_made_for_a_service() -> None:
    variant = make_variant(is_stocked=False)

    with pytest.raises(NotStockedError) as refusal:
        ensure_level(variant=variant, location=make_location())

    assert str(refusal.value) == (
        f"No stock of {variant.sku} is kept.\n"
        "  why: it is a service or a download\n"
        "  fix: tick 'is stocked' on the variant if it has units to count"
    )
    assert not StockLevel.objects.exists()
