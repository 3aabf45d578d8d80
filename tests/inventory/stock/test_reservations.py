"""Promises that may end: made all or none, given back, expired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory.errors import (
    AlreadyPromisedError,
    InsufficientStockError,
    InvalidQuantityError,
    LocationNotUsableError,
    Shortage,
    StockBooksError,
)
from inventory.models import Location, StockLevel, StockReservation
from inventory.services.stock import (
    Demand,
    Reference,
    expire_reservations,
    release_reservations,
    reserve_stock,
)
from stateset.system.models import Event, OutboxMessage
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    make_variant,
    quantities,
)
from tests.inventory.stock.books import ledger, violations

pytestmark = pytest.mark.django_db


def reserve(level: StockLevel, quantity: int, **changes: Any) -> Reference:
    """Reserve for a new order and return its reference."""
    reference = make_reference()
    reserve_stock(
        location=level.location,
        demands=[make_demand(level, quantity)],
        reference=reference,
        **changes,
    )
    return reference


def test_reserved_units_are_no_longer_available() -> None:
    level = make_level(on_hand=10)
    reference, line = make_reference(), uuid7()

    (reservation,) = reserve_stock(
        location=level.location,
        demands=[Demand(level.variant_id, 4, line)],
        reference=reference,
    )

    assert quantities(level) == (10, 4, 0)
    assert level.available == 6
    reservation.refresh_from_db()
    assert (reservation.quantity, reservation.open_quantity) == (4, 4)
    assert reservation.reference_line_id == line
    assert ledger(level)[-1] == ("reserve", 0, 4, 0)
    event = Event.objects.get(event_type="reservation.created")
    assert (event.aggregate_id, event.payload) == (reservation.pk, {"quantity": 4})
    assert OutboxMessage.objects.filter(event=event).exists()
    assert violations() == []


def test_two_lines_of_one_variant_count_together() -> None:
    level = make_level(on_hand=5)

    with pytest.raises(InsufficientStockError) as refusal:
        reserve_stock(
            location=level.location,
            demands=[make_demand(level, 3), make_demand(level, 3)],
            reference=make_reference(),
        )

    assert refusal.value.shortages == (
        Shortage(level.variant.sku, level.location.code, wanted=6, available=5),
    )
    assert quantities(level) == (5, 0, 0)


def test_each_line_has_its_row_in_the_ledger() -> None:
    level = make_level(on_hand=5)

    reserve_stock(
        location=level.location,
        demands=[make_demand(level, 1), make_demand(level, 3)],
        reference=make_reference(),
    )

    assert quantities(level) == (5, 4, 0)
    rows = level.transactions.filter(transaction_type="reserve").order_by("id")
    assert sorted(rows.values_list("reserved_delta", flat=True)) == [1, 3]
    assert rows[1].reserved_after == 4
    assert rows[0].reserved_after == rows[0].reserved_delta
    assert violations() == []


def test_one_line_asked_for_twice_is_one_reservation() -> None:
    level = make_level(on_hand=5)
    line = uuid7()

    rows = reserve_stock(
        location=level.location,
        demands=[make_demand(level, 2, line), make_demand(level, 1, line)],
        reference=make_reference(),
    )

    assert [row.quantity for row in rows] == [3]


def test_all_shortages_are_named_and_nothing_is_reserved() -> None:
    place = make_location()
    plenty = make_level(location=place, on_hand=10)
    little = make_level(location=place, on_hand=1)
    never_here = make_variant()

    with pytest.raises(InsufficientStockError) as refusal:
        reserve_stock(
            location=place,
            demands=[
                make_demand(plenty, 2),
                make_demand(little, 2),
                Demand(never_here.pk, 3, uuid7()),
            ],
            reference=make_reference(),
        )

    assert str(refusal.value) == (
        f"There is not enough stock of {never_here.sku}, {little.variant.sku}.\n"
        f"  why: {never_here.sku} at {place.code}: 3 wanted, 0 available; "
        f"{little.variant.sku} at {place.code}: 2 wanted, 1 available\n"
        "  fix: lower the quantity, choose another location, or receive stock first"
    )
    assert quantities(plenty) == (10, 0, 0)
    assert not StockReservation.objects.exists()
    assert not Event.objects.filter(event_type="reservation.created").exists()
    assert violations() == []


def test_a_refusal_leaves_the_rest_of_the_transaction_alone() -> None:
    level = make_level(on_hand=3)
    kept = reserve(level, 2)

    with pytest.raises(InsufficientStockError):
        reserve(level, 2)

    assert release_reservations(reference=kept, reason="order cancelled") == 2


def test_quarantine_is_never_promised() -> None:
    level = make_level(location=make_location(kind=Location.Kind.QUARANTINE), on_hand=5)

    with pytest.raises(LocationNotUsableError) as refusal:
        reserve(level, 1)

    assert str(refusal.value) == (
        f"Nothing can be promised from {level.location.code}.\n"
        "  why: it is a quarantine location\n"
        "  fix: choose a warehouse or a store, or transfer the stock there first"
    )
    assert quantities(level) == (5, 0, 0)


def test_services_are_passed_over() -> None:
    level = make_level(on_hand=1)
    service = make_variant(is_stocked=False)

    rows = reserve_stock(
        location=level.location,
        demands=[Demand(service.pk, 99, uuid7()), make_demand(level, 1)],
        reference=make_reference(),
    )

    assert [row.level for row in rows] == [level]


def test_nothing_asked_for_is_nothing_reserved() -> None:
    assert (
        reserve_stock(location=make_location(), demands=[], reference=make_reference())
        == []
    )


def test_a_line_is_promised_once() -> None:
    level = make_level(on_hand=9)
    reference, line = make_reference(), uuid7()
    demands = [make_demand(level, 2, line)]
    reserve_stock(location=level.location, demands=demands, reference=reference)

    with pytest.raises(AlreadyPromisedError) as refusal:
        reserve_stock(location=level.location, demands=demands, reference=reference)

    assert str(refusal.value) == (
        "The stock was not reserved.\n"
        "  why: a line of this document has stock reserved already\n"
        "  fix: release its reservations first, or leave them as they are"
    )
    assert quantities(level) == (9, 2, 0)


def test_less_than_one_unit_is_refused() -> None:
    with pytest.raises(InvalidQuantityError):
        reserve(make_level(on_hand=1), 0)


def test_released_units_are_available_again() -> None:
    level = make_level(on_hand=10)
    reference = reserve(level, 4)

    assert release_reservations(reference=reference, reason="order cancelled") == 4

    assert quantities(level) == (10, 0, 0)
    reservation = StockReservation.objects.get()
    assert (reservation.status, reservation.quantity_released) == ("released", 4)
    assert (reservation.open_quantity, reservation.close_reason) == (
        0,
        "order cancelled",
    )
    assert ledger(level)[-1] == ("release", 0, -4, 0)
    assert Event.objects.filter(event_type="reservation.released").count() == 1
    assert release_reservations(reference=reference, reason="again") == 0
    assert violations() == []


def test_only_the_lines_named_are_released() -> None:
    level = make_level(on_hand=10)
    reference, kept, dropped = make_reference(), uuid7(), uuid7()
    reserve_stock(
        location=level.location,
        demands=[make_demand(level, 2, kept), make_demand(level, 3, dropped)],
        reference=reference,
    )

    assert (
        release_reservations(
            reference=reference, reason="line removed", line_ids=[dropped]
        )
        == 3
    )

    assert quantities(level) == (10, 2, 0)


def test_another_reservation_may_follow_a_released_one() -> None:
    level = make_level(on_hand=2)
    reference, line = make_reference(), UUID(int=1)
    for _ in range(2):
        reserve_stock(
            location=level.location,
            demands=[make_demand(level, 2, line)],
            reference=reference,
        )
        release_reservations(reference=reference, reason="changed")

    assert quantities(level) == (2, 0, 0)
    assert violations() == []


def test_what_ran_out_is_given_back() -> None:
    now = timezone.now()
    level = make_level(on_hand=10)
    reserve(level, 1)
    reserve(level, 2, expires_at=now + timedelta(hours=1))
    reserve(level, 4, expires_at=now - timedelta(seconds=1))

    assert expire_reservations(at=now) == 1

    assert quantities(level) == (10, 3, 0)
    expired = StockReservation.objects.get(status="expired")
    assert (expired.quantity_released, expired.closed_at) == (4, now)
    assert expire_reservations(at=now) == 0
    assert violations() == []


def test_what_has_not_run_out_does_not_give_way() -> None:
    level = make_level(on_hand=5)
    reserve(level, 5, expires_at=timezone.now() + timedelta(hours=1))

    with pytest.raises(InsufficientStockError):
        reserve(level, 1)


def test_more_than_one_batch_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.services.stock.ledger.EXPIRED_AT_ONCE", 2)
    now = timezone.now()
    level = make_level(on_hand=10)
    for _ in range(5):
        reserve(level, 1, expires_at=now - timedelta(seconds=1))

    assert expire_reservations(at=now) == 5

    assert quantities(level) == (10, 0, 0)


def test_books_that_disagree_are_a_fault_and_not_a_shortage() -> None:
    level = make_level(on_hand=5)
    reference = reserve(level, 3)
    StockLevel.objects.filter(pk=level.pk).update(reserved=1)

    with pytest.raises(StockBooksError) as refusal:
        release_reservations(reference=reference, reason="cancelled")

    assert str(refusal.value) == (
        f"{level} was not changed.\n"
        "  why: 1 are reserved and 0 allocated, but the promises to be changed hold"
        " 3 and 0\n"
        "  fix: run `python manage.py check_integrity`; the level and its promises"
        " disagree"
    )
    assert StockReservation.objects.get().status == "active"
