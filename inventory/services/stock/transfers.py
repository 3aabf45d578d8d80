"""Move units from one location to another."""

from __future__ import annotations

from datetime import datetime

from uuid_utils.compat import uuid7

from inventory.errors import InvalidMovementError
from inventory.models import (
    Location,
    ProductVariant,
    ReferenceType,
    StockTransaction,
)
from inventory.services.stock.demands import Reference, require_quantity
from inventory.services.stock.ledger import lock_levels, post_movements
from inventory.services.stock.levels import ensure_level, lock_open_levels
from inventory.services.stock.movements import Movement
from stateset.lib.journal import business_transaction


def transfer_stock(
    *,
    variant: ProductVariant,
    source: Location,
    target: Location,
    quantity: int,
    reason: str = "",
    at: datetime | None = None,
) -> tuple[StockTransaction, StockTransaction]:
    """Move available units, at what they cost on average where they were.

    Returns the row out and the row in; both carry the same ``reference_id``.
    Raises InsufficientStockError.
    """
    require_quantity(quantity)
    if source.pk == target.pk:
        raise InvalidMovementError(
            f"{variant.sku} was not moved.",
            why=f"{source.code} is where it is already",
            fix="choose another target",
        )
    reference = Reference(ReferenceType.TRANSFER, uuid7())
    with business_transaction(reason=reason):
        level_out = ensure_level(variant=variant, location=source)
        level_in = ensure_level(variant=variant, location=target)
        levels = lock_levels([level_out.pk, level_in.pk])
        lock_open_levels([level_in.pk])
        entries = post_movements(
            [
                Movement(
                    level_id=level_out.pk,
                    kind=StockTransaction.Type.TRANSFER_OUT,
                    reference=reference,
                    line_id=variant.pk,
                    on_hand=-quantity,
                ),
                Movement(
                    level_id=level_in.pk,
                    kind=StockTransaction.Type.TRANSFER_IN,
                    reference=reference,
                    line_id=variant.pk,
                    on_hand=quantity,
                    unit_cost=levels[level_out.pk].average_cost,
                ),
            ],
            reason=reason[:255],
            at=at,
        )
    by_kind = {entry.transaction_type: entry for entry in entries}
    return by_kind["transfer_out"], by_kind["transfer_in"]
