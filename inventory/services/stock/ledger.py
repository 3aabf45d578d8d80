"""Change stock levels and write the ledger: the one place that does either.

The hot path of the product, so it speaks plain SQL through Django's cursor: the
ORM halves its rate. Each level changes by one conditional UPDATE, levels in
primary-key order, and the ledger rows follow in the same function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from inventory.models import StockTransaction
from inventory.services.stock import rows
from inventory.services.stock.demands import MOST_UNITS, Reference
from inventory.services.stock.refusals import refusal
from stateset.lib.journal import business_transaction
from stateset.system.services.actors import acting_user_id

# `available` is a generated column: what the WHERE clause reads is what is true
# when the row is locked, on both engines.
CHANGE = """
UPDATE inventory
   SET on_hand = on_hand + %s, reserved = reserved + %s, allocated = allocated + %s,
       version = version + 1, updated_at = %s
 WHERE id = %s AND on_hand BETWEEN %s AND %s AND reserved >= %s AND allocated >= %s
   AND available >= %s
RETURNING on_hand, reserved, allocated, average_cost
"""
# Times 1.0: SQLite keeps whole amounts as integers, and would divide them so.
MIX_COST = """
UPDATE inventory
   SET average_cost
       = ROUND((average_cost * (on_hand - %s) + %s * 1.0) / on_hand, 6)
 WHERE id = %s
RETURNING on_hand, reserved, allocated, average_cost
"""


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of one level for one line; ``unit_cost`` of units coming in."""

    level_id: UUID
    kind: str
    line_id: UUID
    on_hand: int = 0
    reserved: int = 0
    allocated: int = 0
    unit_cost: Decimal | None = None

    @property
    def available(self) -> int:
        """Return the change of what may still be promised."""
        return self.on_hand - self.reserved - self.allocated


@dataclass(frozen=True, slots=True)
class _After:
    """A level as an UPDATE left it."""

    on_hand: int
    reserved: int
    allocated: int
    average_cost: Decimal
