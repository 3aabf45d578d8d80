"""Promises that end by shipping or by giving back."""

from __future__ import annotations

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from inventory.errors import AllocationNotOpenError, AlreadyPromisedError
from inventory.models import StockAllocation, StockLevel, StockReservation
from inventory.services.stock import (
    Reference,
    allocate_reservations,
    release_allocations,
    release_reservations,
    reserve_stock,
    take_allocated,
)
from stateset.system.models import Event
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    quantities,
)
from tests.inventory.stock.books import ledger, violations

pytestmark = pytest.mark.django_db


def allocate(level: StockLevel, quantity: int) -> tuple[StockAllocation, Reference]:
    """Reserve for an order, allocate to its pick; return what and for which."""
    order, pick = make_reference(), make_reference("fulfillment_order")
    reserve_stock(
        location=level.location, demands=[make_demand(level, quantity)], reference=order
    )
    (allocation,) = allocate_reservations(reservations_of=order, to=pick)
    return allocation, pick


def test_reserved_units_become_allocated() -> None:
    level = make_level(on_hand=10)
    order, pick, line = make_reference(), make_reference("fulfillment_order"), uuid7()
    reserve_stock(
        location=level.location, demands=[make_demand(level, 4, line)], reference=order
    )

    (allocation,) = allocate_reservations(reservations_of=order, to=pick)

    assert quantities(level) == (10, 0, 4)
    allocation.refresh_from_db()
    assert (allocation.reference_type, allocation.reference_id) == (pick.type, pick.id)
    assert (allocation.reference_line_id, allocation.quantity) == (line, 4)
    reservation = StockReservation.objects.get()
    assert allocation.reservation == reservation
    assert (reservation.status, reservation.quantity_fulfilled) == ("fulfilled", 4)
    assert ledger(level)[-1] == ("allocate", 0, -4, 4)
    assert Event.objects.filter(event_type="allocation.created").count() == 1
    assert violations() == []


def test_only_the_lines_named_are_allocated() -> None:
    level = make_level(on_hand=10)
    order, picked, left = make_reference(), uuid7(), uuid7()
    reserve_stock(
        location=level.location,
        demands=[make_demand(level, 2, picked), make_demand(level, 3, left)],
        reference=order,
    )

    allocate_reservations(
        reservations_of=order, to=make_reference("shipment"), line_ids=[picked]
    )

    assert quantities(level) == (10, 3, 2)


def test_nothing_reserved_is_nothing_allocated() -> None:
    assert (
        allocate_reservations(
            reservations_of=make_reference(), to=make_reference("shipment")
        )
        == []
    )


def test_a_line_is_allocated_once() -> None:
    level = make_level(on_hand=10)
    order, pick, line = make_reference(), make_reference("fulfillment_order"), uuid7()
    for _ in range(2):
        reserve_stock(
            location=level.location,
            demands=[make_demand(level, 1, line)],
            reference=order,
        )
        if not StockAllocation.objects.exists():
            allocate_reservations(reservations_of=order, to=pick)

    with pytest.raises(AlreadyPromisedError) as refusal:
        allocate_reservations(reservations_of=order, to=pick)

    assert str(refusal.value) == (
        "The stock was not allocated.\n"
        "  why: a line of this document has stock allocated already\n"
        "  fix: release its allocations first, or leave them as they are"
    )
    assert quantities(level) == (10, 1, 1)
    assert violations() == []


def test_shipped_units_leave_the_stock_at_their_average_cost() -> None:
    level = make_level(on_hand=10)
    allocation, _ = allocate(level, 4)
    shipment = make_reference("shipment")

    (entry,) = take_allocated(quantities={allocation.pk: 4}, reference=shipment)

    assert quantities(level) == (6, 0, 0)
    assert ledger(level)[-1] == ("ship", -4, 0, -4)
    assert (entry.unit_cost, entry.reference_id) == (level.average_cost, shipment.id)
    assert entry.reference_line_id == allocation.reference_line_id
    allocation.refresh_from_db()
    assert (allocation.status, allocation.quantity_fulfilled) == ("fulfilled", 4)
    assert allocation.closed_at is not None
    assert Event.objects.filter(event_type="stock.shipped").count() == 1
    assert violations() == []


def test_a_part_shipped_leaves_the_rest_allocated() -> None:
    level = make_level(on_hand=10)
    allocation, _ = allocate(level, 4)

    take_allocated(quantities={allocation.pk: 1}, reference=make_reference("shipment"))

    assert quantities(level) == (9, 0, 3)
    allocation.refresh_from_db()
    assert (allocation.status, allocation.open_quantity) == ("allocated", 3)
    assert violations() == []


def test_materials_are_consumed() -> None:
    level = make_level(on_hand=10)
    allocation, _ = allocate(level, 4)

    take_allocated(
        quantities={allocation.pk: 4},
        kind="consume",
        reference=make_reference("work_order"),
    )

    assert ledger(level)[-1] == ("consume", -4, 0, -4)


def test_more_than_is_allocated_is_not_taken() -> None:
    level = make_level(on_hand=10)
    allocation, _ = allocate(level, 4)

    with pytest.raises(AllocationNotOpenError) as refusal:
        take_allocated(
            quantities={allocation.pk: 5}, reference=make_reference("shipment")
        )

    assert str(refusal.value) == (
        f"The stock of {level} was not taken.\n"
        "  why: 4 are allocated, 5 were to be taken\n"
        "  fix: take no more than is allocated"
    )
    assert quantities(level) == (10, 0, 4)


def test_what_was_taken_is_not_taken_again() -> None:
    level = make_level(on_hand=10)
    allocation, _ = allocate(level, 4)
    take_allocated(quantities={allocation.pk: 4}, reference=make_reference("shipment"))

    with pytest.raises(AllocationNotOpenError) as refusal:
        take_allocated(
            quantities={allocation.pk: 4}, reference=make_reference("shipment")
        )

    assert refusal.value.why == "its allocation is fulfilled"
    assert quantities(level) == (6, 0, 0)


def test_one_wrong_allocation_takes_nothing_of_the_others() -> None:
    level = make_level(on_hand=10)
    allocation, _ = allocate(level, 4)

    with pytest.raises(AllocationNotOpenError) as refusal:
        take_allocated(
            quantities={allocation.pk: 4, UUID(int=(1 << 128) - 1): 1},
            reference=make_reference("shipment"),
        )

    assert refusal.value.why == "an allocation named is not there"
    assert quantities(level) == (10, 0, 4)
    assert violations() == []


def test_allocated_units_given_back_are_available() -> None:
    level = make_level(on_hand=10)
    allocation, pick = allocate(level, 4)
    take_allocated(quantities={allocation.pk: 1}, reference=make_reference("shipment"))

    assert release_allocations(reference=pick, reason="pick cancelled") == 3

    assert quantities(level) == (9, 0, 0)
    allocation.refresh_from_db()
    assert (allocation.status, allocation.quantity_released) == ("cancelled", 3)
    assert ledger(level)[-1] == ("deallocate", 0, 0, -3)
    assert release_allocations(reference=pick, reason="again") == 0
    assert violations() == []


def test_a_reservation_released_first_is_not_allocated() -> None:
    level = make_level(location=make_location(), on_hand=10)
    order = make_reference()
    reserve_stock(
        location=level.location, demands=[make_demand(level, 4)], reference=order
    )
    release_reservations(reference=order, reason="cancelled")

    assert (
        allocate_reservations(reservations_of=order, to=make_reference("shipment"))
        == []
    )
    assert quantities(level) == (10, 0, 0)
