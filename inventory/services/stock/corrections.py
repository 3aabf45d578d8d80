"""Correct a level by hand: adjust it, count it."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory.errors import (
    CountBelowPromisesError,
    InvalidQuantityError,
    StockChangedError,
)
from inventory.models import ReferenceType, StockLevel, StockTransaction
from inventory.services.reasons import require_reason
from inventory.services.stock.demands import (
    Reference,
    require_quantity,
)
from inventory.services.stock.ledger import lock_levels, make_room, post_movements
from inventory.services.stock.levels import lock_open_levels
from inventory.services.stock.movements import Movement
from stateset.lib.fields import MOST_UNITS
from stateset.lib.journal import business_transaction


def adjust_stock(
    *, level: StockLevel, delta: int, reason: str, at: datetime | None = None
) -> StockTransaction:
    """Add ``delta`` units to what is on hand, or take them if it is negative.

    Takes only what nobody was promised: raises InsufficientStockError.
    """
    require_reason(reason, "The adjustment was not written.")
    require_quantity(abs(delta))
    with business_transaction(reason=reason):
        if delta > 0:
            lock_open_levels([level.pk])
        (entry,) = post_movements(
            [
                Movement(
                    level_id=level.pk,
                    kind=StockTransaction.Type.ADJUST,
                    reference=Reference(ReferenceType.ADJUSTMENT, uuid7()),
                    line_id=level.pk,
                    on_hand=delta,
                )
            ],
            reason=reason[:255],
            at=at,
        )
    return entry


def count_stock(
    *,
    level: StockLevel,
    counted: int,
    reason: str,
    expected: int | None = None,
    at: datetime | None = None,
) -> StockTransaction:
    """Set what is on hand to what was counted, and write the difference.

    ``expected`` is what the counter was told is there: if stock moved since,
    StockChangedError asks for another count. Raises CountBelowPromisesError
    where fewer are there than are promised.
    """
    require_reason(reason, "The count was not written.")
    _require_count(counted)
    moment = at or timezone.now()
    with business_transaction(reason=reason):
        now_is = lock_levels([level.pk])[level.pk]
        _require_unmoved(now_is, expected)
        now_is = make_room(now_is, now_is.on_hand - counted, at=timezone.now())
        _require_promises_covered(now_is, counted)
        if counted > now_is.on_hand:
            lock_open_levels([level.pk])
        (entry,) = post_movements(
            [
                Movement(
                    level_id=level.pk,
                    kind=StockTransaction.Type.COUNT,
                    reference=Reference(ReferenceType.COUNT, uuid7()),
                    line_id=level.pk,
                    on_hand=counted - now_is.on_hand,
                )
            ],
            reason=reason[:255],
            at=moment,
        )
        StockLevel.objects.filter(pk=level.pk).update(last_counted_at=moment)
    return entry


def _require_count(counted: int) -> None:
    if not 0 <= counted <= MOST_UNITS:
        raise InvalidQuantityError(
            "The count is not one that a level can have.",
            why=f"it is {counted}",
            fix=f"give a whole number from 0 to {MOST_UNITS}",
        )


def _require_unmoved(level: StockLevel, expected: int | None) -> None:
    if expected is not None and level.on_hand != expected:
        raise StockChangedError(
            f"The count of {level} was not written.",
            why=f"{expected} were on hand when counting began, {level.on_hand} are now",
            fix="count again",
        )


def _require_promises_covered(level: StockLevel, counted: int) -> None:
    promised = level.reserved + level.allocated
    if counted < promised:
        raise CountBelowPromisesError(
            f"The count of {level} was not written.",
            why=f"{counted} were counted, but {promised} are promised to documents",
            fix="release reservations or cancel picks of this variant first",
        )
