"""Receipts, counts and the ledger itself, at once: all count, or one is told."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from threading import Event

import pytest
from django.db import DatabaseError
from uuid_utils.compat import uuid7

from inventory.errors import (
    CountBelowPromisesError,
    IdempotencyMismatchError,
    InsufficientStockError,
    LocationInUseError,
    LocationNotUsableError,
    StockChangedError,
)
from inventory.models import StockTransaction
from inventory.services.stock import (
    adjust_stock,
    close_location,
    count_stock,
    receive_stock,
    reverse_received_stock,
)
from stateset.system.triggers import ledgers_open
from tests.inventory.builders import (
    make_level,
    make_location,
    make_reference,
    make_variant,
    quantities,
)
from tests.inventory.stock.asking import buyer
from tests.inventory.stock.books import violations
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def test_units_are_counted_away_or_promised() -> None:
    level = make_level(on_hand=5)
    counted = partial(count_stock, level=level, counted=2, reason="stock-take")

    count_refused, *bought = at_once(counted, *(buyer(level) for _ in range(5)))

    if isinstance(count_refused, CountBelowPromisesError):
        assert refusals(bought) == []
        assert quantities(level) == (5, 5, 0)
    else:
        assert refusals(bought) == [InsufficientStockError] * 3
        assert quantities(level) == (2, 2, 0)
    assert violations() == []


def test_of_two_counts_of_the_same_shelf_one_is_asked_for_again() -> None:
    level = make_level(on_hand=5)
    counts = [
        partial(
            count_stock, level=level, counted=units, expected=5, reason="stock-take"
        )
        for units in (4, 7)
    ]

    results = at_once(*counts)

    assert refusals(results) == [StockChangedError]
    assert quantities(level) in {(4, 0, 0), (7, 0, 0)}
    assert violations() == []


def test_a_receipt_is_taken_back_or_sold() -> None:
    level = make_level(on_hand=2)
    back = partial(
        reverse_received_stock,
        variant=level.variant,
        location=level.location,
        quantity=2,
        unit_cost=Decimal(1),
        reference=make_reference("item_receipt"),
        line_id=uuid7(),
        reason="another supplier's",
    )

    results = at_once(back, buyer(level, quantity=2))

    assert refusals(results) == [InsufficientStockError]
    assert quantities(level) in {(0, 0, 0), (2, 2, 0)}
    assert violations() == []


def test_a_ledger_open_for_one_is_closed_for_all_others() -> None:
    level = make_level(on_hand=2)
    adjust_stock(level=level, delta=1, reason="found")
    old, new = StockTransaction.objects.filter(level=level).order_by("id")
    rows = StockTransaction.objects.filter(level=level).order_by("id")
    is_open, is_over = Event(), Event()

    def purge() -> None:
        with ledgers_open():
            rows.filter(pk=old.pk).update(reason="anonymised")
            is_open.set()
            # SQLite lets nobody write meanwhile: there the other one waits for us.
            is_over.wait(timeout=0.2)

    def forge() -> str:
        is_open.wait(timeout=10)
        try:
            rows.filter(pk=new.pk).update(on_hand_delta=3)
        except DatabaseError as error:
            return str(error).partition("\n")[0]
        finally:
            is_over.set()
        return "changed"

    _, said = at_once(purge, forge)

    assert said == (
        "inventory_transactions is append-only: its rows are never changed or deleted"
    )
    assert list(rows.values_list("reason", "on_hand_delta")) == [
        ("anonymised", 2),
        ("found", 1),
    ]


def test_one_key_at_once_is_one_row() -> None:
    level = make_level()
    receive = partial(
        receive_stock,
        variant=level.variant,
        location=level.location,
        quantity=3,
        unit_cost=Decimal(1),
        reference=make_reference("item_receipt"),
        line_id=uuid7(),
        idempotency_key="receipt:1",
    )

    results = at_once(*[receive] * 6)

    assert len({entry.pk for entry in results}) == 1
    assert quantities(level) == (3, 0, 0)
    assert violations() == []


def test_one_key_at_two_locations_at_once_is_one_row() -> None:
    variant = make_variant()
    levels = [make_level(variant=variant) for _ in range(4)]
    reference, line = make_reference("item_receipt"), uuid7()

    results = at_once(
        *(
            partial(
                receive_stock,
                variant=variant,
                location=level.location,
                quantity=3,
                unit_cost=Decimal(1),
                reference=reference,
                line_id=line,
                idempotency_key="receipt:1",
            )
            for level in levels
        )
    )

    assert refusals(results) == [IdempotencyMismatchError] * 3
    assert sum(quantities(level)[0] for level in levels) == 3
    assert violations() == []


def test_receipts_at_once_are_all_in_the_average() -> None:
    level = make_level()

    at_once(
        *(
            partial(
                receive_stock,
                variant=level.variant,
                location=level.location,
                quantity=10,
                unit_cost=Decimal(cost),
                reference=make_reference("item_receipt"),
                line_id=uuid7(),
            )
            for cost in range(1, 9)
        )
    )

    assert quantities(level) == (80, 0, 0)
    # Each step rounds, and which step comes when is chance.
    assert level.average_cost == pytest.approx(Decimal("4.5"), abs=Decimal("0.00001"))
    assert violations() == []


@pytest.mark.parametrize("has_level", [True, False])
def test_a_location_is_closed_or_receives(has_level: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    location, variant = make_location(), make_variant()
    if has_level:
        make_level(variant=variant, location=location)
    receive = partial(
        receive_stock,
        variant=variant,
        location=location,
        quantity=1,
        unit_cost=Decimal(1),
        reference=make_reference("item_receipt"),
        line_id=uuid7(),
    )

    results = at_once(receive, partial(close_location, location), receive)

    refused = set(refusals(results))
    location.refresh_from_db()
    assert refused == (
        {LocationInUseError} if location.is_active else {LocationNotUsableError}
    )
    assert violations() == []


def test_adjustments_at_once_all_count() -> None:
    level = make_level(on_hand=10)
    take, add = (
        partial(adjust_stock, level=level, delta=delta, reason="stock-take")
        for delta in (-3, 1)
    )

    results = at_once(*[take] * 5, *[add] * 2)

    taken = 5 - len(refusals(results))
    assert set(refusals(results)) == {InsufficientStockError}
    assert quantities(level) == (10 + 2 - 3 * taken, 0, 0)
    assert violations() == []
