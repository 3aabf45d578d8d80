"""Allocate reserved stock to a pick or to production, take it, or give it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from inventory.errors import AllocationNotOpenError, AlreadyPromisedError
from inventory.models import StockAllocation, StockReservation, StockTransaction
from inventory.services.stock.demands import Reference, require_quantity
from inventory.services.stock.ledger import post_movements
from inventory.services.stock.movements import Movement
from inventory.services.stock.reservations import lock_reservations
from stateset.lib.journal import business_transaction
from stateset.lib.rows import insert_rows, new_row
from stateset.system.services import change_status, record_events
from stateset.system.services.transitions import save_columns


def allocate_reservations(
    *,
    reservations_of: Reference,
    to: Reference,
    line_ids: Sequence[UUID] | None = None,
    at: datetime | None = None,
) -> list[StockAllocation]:
    """Turn what is reserved for one document into allocations of another.

    Lines keep their ids. What ran out but was not released yet still holds its
    units and is allocated; what holds none is missing from the answer. Raises
    AlreadyPromisedError.
    """
    moment = at or timezone.now()
    try:
        with business_transaction():
            held = lock_reservations(reservations_of, line_ids)
            movements = [_fulfil(reservation, to, moment) for reservation in held]
            post_movements(movements, at=moment)
            allocations = [
                new_row(
                    StockAllocation,
                    level_id=reservation.level_id,
                    reservation_id=reservation.pk,
                    reference_type=to.type,
                    reference_id=to.id,
                    reference_line_id=reservation.reference_line_id,
                    quantity=movement.allocated,
                )
                for reservation, movement in zip(held, movements, strict=True)
            ]
            insert_rows(allocations)
            record_events(
                [
                    (allocation, {"quantity": allocation.quantity})
                    for allocation in allocations
                ],
                "allocation.created",
                at=moment,
            )
            return allocations
    except IntegrityError as error:
        raise _allocated_already(to, error) from error


def release_allocations(
    *, reference: Reference, reason: str, at: datetime | None = None
) -> int:
    """Give back what is still allocated to a document; return how many units."""
    moment = at or timezone.now()
    with business_transaction(reason=reason):
        held = list(
            StockAllocation.objects.open()
            .filter(reference_type=reference.type, reference_id=reference.id)
            .select_for_update(no_key=True)
            .order_by("pk")
        )
        movements = []
        for allocation in held:
            units = allocation.open_quantity
            change_status(
                allocation,
                "cancelled",
                event_type="allocation.cancelled",
                at=moment,
                payload={"quantity": units},
                quantity_released=allocation.quantity_released + units,
                closed_at=moment,
                close_reason=reason[:255],
            )
            movements.append(
                Movement(
                    level_id=allocation.level_id,
                    kind=StockTransaction.Type.DEALLOCATE,
                    reference=reference,
                    line_id=allocation.reference_line_id,
                    allocated=-units,
                )
            )
        post_movements(movements, reason=reason[:255], at=moment)
    return -sum(movement.allocated for movement in movements)


def take_allocated(
    *,
    quantities: Mapping[UUID, int],
    reference: Reference,
    kind: str = StockTransaction.Type.SHIP,
    at: datetime | None = None,
) -> list[StockTransaction]:
    """Take units out of stock that were allocated, by allocation.

    An allocation is fulfilled when nothing of it is left; until then it stays
    open for the rest. Raises AllocationNotOpenError.
    """
    moment = at or timezone.now()
    with business_transaction():
        held = (
            StockAllocation.objects.filter(pk__in=list(quantities))
            .select_for_update(no_key=True)
            .order_by("pk")
        )
        found = {allocation.pk: allocation for allocation in held}
        movements = []
        for key, units in sorted(quantities.items()):
            require_quantity(units)
            allocation = _require_open(found.get(key), units)
            _count_taken(allocation, units, moment)
            movements.append(
                Movement(
                    level_id=allocation.level_id,
                    kind=kind,
                    reference=reference,
                    line_id=allocation.reference_line_id,
                    on_hand=-units,
                    allocated=-units,
                )
            )
        return post_movements(movements, at=moment)


def _fulfil(reservation: StockReservation, to: Reference, at: datetime) -> Movement:
    units = reservation.open_quantity
    change_status(
        reservation,
        "fulfilled",
        event_type="reservation.fulfilled",
        at=at,
        payload={"quantity": units},
        quantity_fulfilled=reservation.quantity_fulfilled + units,
        closed_at=at,
    )
    return Movement(
        level_id=reservation.level_id,
        kind=StockTransaction.Type.ALLOCATE,
        reference=to,
        line_id=reservation.reference_line_id,
        reserved=-units,
        allocated=units,
    )


def _count_taken(allocation: StockAllocation, units: int, at: datetime) -> None:
    taken = allocation.quantity_fulfilled + units
    if units < allocation.open_quantity:
        save_columns(allocation, quantity_fulfilled=taken)
        return
    change_status(
        allocation,
        "fulfilled",
        event_type="allocation.fulfilled",
        at=at,
        payload={"quantity": units},
        quantity_fulfilled=taken,
        closed_at=at,
    )


def _require_open(allocation: StockAllocation | None, units: int) -> StockAllocation:
    if allocation is None:
        raise AllocationNotOpenError(
            "The stock was not taken.",
            why="an allocation named is not there",
            fix="reload the page",
        )
    if allocation.status != StockAllocation.Status.ALLOCATED:
        raise AllocationNotOpenError(
            f"The stock of {allocation.level} was not taken.",
            why=f"its allocation is {allocation.status}",
            fix="reload the page; somebody else was faster",
        )
    if units > allocation.open_quantity:
        raise AllocationNotOpenError(
            f"The stock of {allocation.level} was not taken.",
            why=f"{allocation.open_quantity} are allocated, {units} were to be taken",
            fix="take no more than is allocated",
        )
    return allocation


def _allocated_already(to: Reference, error: IntegrityError) -> Exception:
    held = StockAllocation.objects.open().filter(
        reference_type=to.type, reference_id=to.id
    )
    if not held.exists():
        return error
    return AlreadyPromisedError(
        "The stock was not allocated.",
        why="a line of this document has stock allocated already",
        fix="release its allocations first, or leave them as they are",
    )
