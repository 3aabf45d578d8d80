"""Set stock aside by hand, for somebody who has no order yet."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory.errors import InvalidDateError
from inventory.models import ReferenceType, StockLevel, StockReservation
from inventory.services.reasons import require_reason
from inventory.services.stock.demands import Demand, Reference
from inventory.services.stock.reservations import reserve_stock


def hold_stock(
    *,
    level: StockLevel,
    quantity: int,
    reason: str,
    until: datetime | None = None,
) -> StockReservation:
    """Set units aside by hand, for ever or ``until`` a time still to come.

    Raises InsufficientStockError, LocationNotUsableError or InvalidDateError.
    """
    require_reason(reason, "The stock was not set aside.")
    if until is not None and until <= timezone.now():
        raise InvalidDateError(
            "The stock was not set aside.",
            why=f"{until:%Y-%m-%d %H:%M} is past",
            fix="choose a later time, or none",
        )
    (reservation,) = reserve_stock(
        location=level.location,
        demands=[Demand(level.variant_id, quantity, level.pk)],
        reference=Reference(ReferenceType.HOLD, uuid7()),
        expires_at=until,
        reason=reason,
    )
    return reservation
