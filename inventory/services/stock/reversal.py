"""Take out again what was received by mistake."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from inventory.models import Location, ProductVariant, StockLevel, StockTransaction
from inventory.services.reasons import require_reason
from inventory.services.stock.changing import COST_DIGITS
from inventory.services.stock.demands import Reference, require_quantity
from inventory.services.stock.ledger import lock_levels, post_movements
from inventory.services.stock.levels import ensure_level
from inventory.services.stock.movements import Movement
from stateset.lib.journal import business_transaction


def reverse_received_stock(
    *,
    variant: ProductVariant,
    location: Location,
    quantity: int,
    unit_cost: Decimal,
    reference: Reference,
    line_id: UUID,
    reason: str,
    at: datetime | None = None,
) -> StockTransaction:
    """Take units that came in by mistake out of stock, and out of its average cost.

    Takes only what nobody was promised: raises InsufficientStockError.
    """
    require_reason(reason, "The receipt was not taken back.")
    require_quantity(quantity)
    with business_transaction(reason=reason):
        level = ensure_level(variant=variant, location=location)
        before = lock_levels([level.pk])[level.pk]
        (entry,) = post_movements(
            [
                Movement(
                    level_id=level.pk,
                    kind=StockTransaction.Type.ADJUST,
                    reference=reference,
                    line_id=line_id,
                    on_hand=-quantity,
                    unit_cost=unit_cost,
                )
            ],
            reason=reason[:255],
            at=at,
        )
        _unmix_cost(before, quantity, unit_cost)
    return entry


def _unmix_cost(before: StockLevel, quantity: int, unit_cost: Decimal) -> None:
    """Give the rest the average it would have without the units.

    Where that can't be told (nothing is left, or the units went out at another
    cost meanwhile, so that less than nothing would be), the average stays.
    """
    left = before.on_hand - quantity
    value = before.average_cost * before.on_hand - unit_cost * quantity
    if left <= 0 or value < 0:
        return
    average = (value / left).quantize(COST_DIGITS, ROUND_HALF_UP)
    StockLevel.objects.filter(pk=before.pk).update(average_cost=average)
