"""Everything that may be done to stock; models and other apps call only this."""

from __future__ import annotations

from inventory.services.stock.allocations import (
    allocate_reservations,
    release_allocations,
    take_allocated,
)
from inventory.services.stock.corrections import adjust_stock, count_stock
from inventory.services.stock.demands import Demand, Reference
from inventory.services.stock.holds import hold_stock
from inventory.services.stock.ledger import lock_levels
from inventory.services.stock.levels import ensure_level
from inventory.services.stock.locations import (
    close_location,
    make_default_location,
    open_location,
)
from inventory.services.stock.receiving import receive_stock
from inventory.services.stock.reservations import (
    expire_reservations,
    release_reservations,
    reserve_available,
    reserve_stock,
)
from inventory.services.stock.reversal import reverse_received_stock
from inventory.services.stock.taking import take_available
from inventory.services.stock.transfers import transfer_stock

__all__ = [
    "Demand",
    "Reference",
    "adjust_stock",
    "allocate_reservations",
    "close_location",
    "count_stock",
    "ensure_level",
    "expire_reservations",
    "hold_stock",
    "lock_levels",
    "make_default_location",
    "open_location",
    "receive_stock",
    "release_allocations",
    "release_reservations",
    "reserve_available",
    "reserve_stock",
    "reverse_received_stock",
    "take_allocated",
    "take_available",
    "transfer_stock",
]
