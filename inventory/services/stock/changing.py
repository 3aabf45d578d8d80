"""Change one stock level by one conditional UPDATE, in plain SQL.

The WHERE clause is read when the row is locked, so it holds on both engines whatever
was read before; the CHECKs stand behind it. ``version`` stays: it guards what people
type, and stock moves while they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections

from inventory.services.stock.movements import Change
from stateset.lib.fields import MOST_UNITS
from stateset.lib.rows import fetch_rows, key_value

QUANTITIES = ("on_hand", "reserved", "allocated")
COST_DIGITS = Decimal("0.000001")
# Times 1.0: SQLite keeps whole amounts as integers, and would divide them so.
MIX_COST = (
    "average_cost = ROUND((average_cost * on_hand + %s * 1.0) / (on_hand + %s), 6)"
)

Part = tuple[str, tuple[Any, ...]]
"""A piece of SQL and its values."""


class After(NamedTuple):
    """A level as its UPDATE left it."""

    on_hand: int
    reserved: int
    allocated: int
    average_cost: Decimal


def change_level(change: Change, now: datetime) -> After | None:
    """Return the level as ``change`` leaves it; None where it can't be changed so."""
    connection = connections[DEFAULT_DB_ALIAS]
    moment = connection.ops.adapt_datetimefield_value(now)
    key = key_value(change.level_id, connection)
    sets = [*_assignments(change), ("updated_at = %s", (moment,))]
    bounds = [("id = %s", (key,)), *_conditions(change)]
    statement = (
        f"UPDATE inventory SET {', '.join(part for part, _ in sets)}"  # noqa: S608 - names of our own columns
        f" WHERE {' AND '.join(part for part, _ in bounds)}"
        " RETURNING on_hand, reserved, allocated, average_cost"
    )
    values = [value for _, values in (*sets, *bounds) for value in values]
    rows = fetch_rows(statement, values, connection)
    if not rows:
        return None
    on_hand, reserved, allocated, cost = rows[0]
    return After(on_hand, reserved, allocated, Decimal(str(cost)).quantize(COST_DIGITS))


def _assignments(change: Change) -> Iterator[Part]:
    """Yield what is set; a column that stays is left out, which is faster."""
    for column in QUANTITIES:
        if delta := getattr(change, column):
            yield f"{column} = {column} + %s", (delta,)
    if change.costed_units:
        yield MIX_COST, (change.costed_value, change.costed_units)


def _conditions(change: Change) -> Iterator[Part]:
    """Yield what must hold of the level before."""
    for column in (*QUANTITIES, "available"):
        if (delta := getattr(change, column)) < 0:
            yield f"{column} >= %s", (-delta,)
    if change.on_hand > 0:
        yield "on_hand <= %s", (MOST_UNITS - change.on_hand,)
