"""Reserve stock for the lines of a document, and give it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from inventory.errors import (
    AlreadyPromisedError,
    InsufficientStockError,
)
from inventory.models import (
    Location,
    StockReservation,
    StockTransaction,
)
from inventory.services.stock.demands import Demand, Reference, combined
from inventory.services.stock.ledger import post_movements
from inventory.services.stock.levels import place_demands, require_selling
from inventory.services.stock.movements import Movement
from stateset.lib.journal import business_transaction
from stateset.lib.rows import insert_rows
from stateset.system.services import change_status, record_events

EXPIRED_AT_ONCE = 500


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

    Services and downloads are passed over. Where stock is short, reservations
    whose time ran out give way first. Raises InsufficientStockError,
    LocationNotUsableError or AlreadyPromisedError.
    """
    require_selling(location)
    wanted = combined(demands)
    reserve = partial(
        _reserve,
        location,
        wanted,
        reference,
        expires_at=expires_at,
        reason=reason,
        at=at,
    )
    try:
        return reserve()
    except InsufficientStockError:
        if not _expire_overdue(location, wanted):
            raise
    return reserve()


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
        return _close(held, "released", reason=reason, at=at or timezone.now())


def expire_reservations(*, at: datetime) -> int:
    """Give back every reservation that ran out before ``at``; return how many.

    In batches of their own transactions; what another flow is just closing is
    left to it.
    """
    expired = 0
    while True:
        with business_transaction(reason="expired"):
            overdue = list(
                StockReservation.objects.expired(at)
                .select_for_update(skip_locked=True, no_key=True)
                .order_by("pk")[:EXPIRED_AT_ONCE]
            )
            _close(overdue, "expired", reason="expired", at=at)
        expired += len(overdue)
        if len(overdue) < EXPIRED_AT_ONCE:
            return expired


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


def _reserve(
    location: Location,
    demands: Sequence[Demand],
    reference: Reference,
    *,
    expires_at: datetime | None,
    reason: str,
    at: datetime | None,
) -> list[StockReservation]:
    try:
        with business_transaction(reason=reason):
            placed = place_demands(location=location, demands=demands)
            reservations = [
                StockReservation(
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


def _expire_overdue(location: Location, demands: Sequence[Demand]) -> int:
    """Expire what ran out on the levels of ``demands``; return how many."""
    with business_transaction(reason="expired"):
        overdue = list(
            StockReservation.objects.expired(timezone.now())
            .filter(
                level__location=location,
                level__variant__in={demand.variant_id for demand in demands},
            )
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
            .order_by("pk")
        )
        _close(overdue, "expired", reason="expired", at=timezone.now())
    return len(overdue)


def _close(
    held: Sequence[StockReservation], to: str, *, reason: str, at: datetime
) -> int:
    movements = []
    for reservation in held:
        units = reservation.open_quantity
        change_status(
            reservation,
            to,
            event_type=f"reservation.{to}",
            at=at,
            payload={"quantity": units},
            quantity_released=reservation.quantity_released + units,
            closed_at=at,
            close_reason=reason[:255],
        )
        movements.append(
            Movement(
                level_id=reservation.level_id,
                kind=StockTransaction.Type.RELEASE,
                reference=Reference(
                    reservation.reference_type, reservation.reference_id
                ),
                line_id=reservation.reference_line_id,
                reserved=-units,
            )
        )
    post_movements(movements, reason=reason[:255], at=at)
    return -sum(movement.reserved for movement in movements)
