"""Close reservations: end their rows, and say what moves back by it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from inventory.models import StockReservation, StockTransaction
from inventory.services.stock.demands import Reference
from inventory.services.stock.movements import Movement
from stateset.system.services import change_status


def close_reservations(
    held: Iterable[StockReservation], to: str, *, reason: str, at: datetime
) -> list[Movement]:
    """End locked reservations; the caller posts the movements returned."""
    return [_close(reservation, to, reason=reason[:255], at=at) for reservation in held]


def _close(
    reservation: StockReservation, to: str, *, reason: str, at: datetime
) -> Movement:
    units = reservation.open_quantity
    change_status(
        reservation,
        to,
        event_type=f"reservation.{to}",
        at=at,
        payload={"quantity": units},
        quantity_released=reservation.quantity_released + units,
        closed_at=at,
        close_reason=reason,
    )
    return Movement(
        level_id=reservation.level_id,
        kind=StockTransaction.Type.RELEASE,
        reference=Reference(reservation.reference_type, reservation.reference_id),
        line_id=reservation.reference_line_id,
        reserved=-units,
    )
