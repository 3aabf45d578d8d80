"""Reserve stock for the lines of a document, and give it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from inventory.errors import AlreadyPromisedError
from inventory.models import Location, StockReservation, StockTransaction
from inventory.services.stock.closing import close_reservations
from inventory.services.stock.demands import Demand, Reference, combined
from inventory.services.stock.ledger import expire_at_level, post_movements
from inventory.services.stock.levels import (
    place_demands,
    require_selling,
    within_stock,
)
from inventory.services.stock.movements import Movement
from stateset.lib.journal import business_transaction
from stateset.lib.rows import insert_rows, new_row
from stateset.system.services import record_events

ENLARGED = "reserved anew, with more"


def reserve_stock(
    *,
    location: Location,
    demands: Sequence[Demand],
    reference: Reference,
    expires_at: datetime | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> list[StockReservation]:
    """Promise units to lines of a document, all of them or none.

    Services and downloads are passed over. Past ``expires_at`` the units are still
    the document's to allocate, until anybody else needs them or they are expired.
    Raises InsufficientStockError, LocationNotUsableError or AlreadyPromisedError.
    """
    require_selling(location)
    wanted = combined(demands)
    try:
        with business_transaction(reason=reason):
            placed = place_demands(location=location, demands=wanted)
            reservations = [
                new_row(
                    StockReservation,
                    level_id=level_id,
                    reference_type=reference.type,
                    reference_id=reference.id,
                    reference_line_id=demand.line_id,
                    quantity=demand.quantity,
                    expires_at=expires_at,
                )
                for level_id, demand in placed.demands
            ]
            insert_rows(reservations)
            record_events(
                [
                    (reservation, {"quantity": reservation.quantity})
                    for reservation in reservations
                ],
                "reservation.created",
                at=at,
            )
            # Last, so that others wait for these rows as short as can be.
            post_movements(
                (
                    Movement(
                        level_id=level_id,
                        kind=StockTransaction.Type.RESERVE,
                        reference=reference,
                        line_id=demand.line_id,
                        reserved=demand.quantity,
                    )
                    for level_id, demand in placed.demands
                ),
                reason=reason[:255],
                at=at,
                short=placed.shortages,
            )
            return reservations
    except IntegrityError as error:
        raise _promised_already(reference, error) from error


def reserve_available(
    *,
    location: Location,
    demands: Sequence[Demand],
    reference: Reference,
    reason: str = "",
    at: datetime | None = None,
) -> dict[UUID, int]:
    """Promise what is there of each demand; return the units by line, none left out.

    A line that holds units already gets more. Where two lines want the same units,
    the earlier line has them. Raises LocationNotUsableError.
    """
    require_selling(location)
    wanted = {demand.line_id: demand for demand in combined(demands)}
    with business_transaction(reason=reason):
        held = {
            row.reference_line_id: row.open_quantity
            for row in lock_reservations(reference, list(wanted))
        }
        there = within_stock(location, wanted.values(), keeping=reference.id)
        gained = {demand.line_id: demand.quantity for demand in there}
        again = [line_id for line_id in gained if line_id in held]
        # Locked before, so nobody is promised meanwhile what is given back here.
        release_reservations(
            reference=reference, reason=reason or ENLARGED, line_ids=again, at=at
        )
        more = [
            replace(each, quantity=each.quantity + held.get(each.line_id, 0))
            for each in there
        ]
        if more:
            reserve_stock(
                location=location,
                demands=more,
                reference=reference,
                reason=reason,
                at=at,
            )
    return gained


def release_reservations(
    *,
    reference: Reference,
    reason: str,
    line_ids: Sequence[UUID] | None = None,
    at: datetime | None = None,
) -> int:
    """Give back what is still reserved for a document; return how many units."""
    with business_transaction(reason=reason):
        held = lock_reservations(reference, line_ids)
        released = close_reservations(
            held, "released", reason=reason, at=at or timezone.now()
        )
        post_movements(released, reason=reason[:255], at=at)
    return -sum(movement.reserved for movement in released)


def expire_reservations(*, at: datetime) -> int:
    """Give back every reservation that ran out before ``at``; return how many.

    Level by level, in batches of their own transactions; what another flow is just
    closing is left to it.
    """
    overdue = StockReservation.objects.expired(at).order_by("level_id")
    levels = overdue.values_list("level_id", flat=True).distinct()
    return sum(_expire_all_at(level_id, at) for level_id in list(levels))


def lock_reservations(
    reference: Reference, line_ids: Sequence[UUID] | None = None
) -> list[StockReservation]:
    """Lock the active reservations of a document, in primary-key order."""
    active = StockReservation.objects.active().filter(
        reference_type=reference.type, reference_id=reference.id
    )
    if line_ids is not None:
        active = active.filter(reference_line_id__in=line_ids)
    return list(active.select_for_update(no_key=True).order_by("pk"))


def _expire_all_at(level_id: UUID, at: datetime) -> int:
    total = 0
    while expired := expire_at_level(level_id, at=at):
        total += expired
    return total


def _promised_already(reference: Reference, error: IntegrityError) -> Exception:
    held = StockReservation.objects.active().filter(
        reference_type=reference.type, reference_id=reference.id
    )
    if not held.exists():
        return error
    return AlreadyPromisedError(
        "The stock was not reserved.",
        why="a line of this document has stock reserved already",
        fix="release its reservations first, or leave them as they are",
    )
