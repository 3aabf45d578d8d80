"""What ends by itself in the stock."""

from __future__ import annotations

from inventory.services.stock import expire_reservations
from stateset.lib.expiry import Expiry


def rules() -> tuple[Expiry, ...]:
    """Return the rule of reservations that were made for some time only."""
    return (Expiry("stock.reservations", "reservations expired", expire_reservations),)
