"""Take units straight from what is available: cash sales, scrap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from inventory.models import Location, StockTransaction
from inventory.services.reasons import require_reason
from inventory.services.stock.demands import (
    Demand,
    Reference,
    combined,
)
from inventory.services.stock.ledger import post_movements
from inventory.services.stock.levels import place_demands, require_selling
from inventory.services.stock.movements import Movement
from stateset.lib.journal import business_transaction


def take_available(
    *,
    location: Location,
    demands: Sequence[Demand],
    reference: Reference,
    kind: str = StockTransaction.Type.SHIP,
    reason: str = "",
    at: datetime | None = None,
    idempotency_key: str | None = None,
) -> list[StockTransaction]:
    """Take units that nobody was promised, all of them or none.

    Services and downloads are passed over; scrap needs a reason, and only a
    selling location ships. With an ``idempotency_key``, of one demand, the database
    refuses a second time. Raises InsufficientStockError.
    """
    if kind == StockTransaction.Type.SHIP:
        require_selling(location)
    if kind == StockTransaction.Type.SCRAP:
        require_reason(reason, "The stock was not scrapped.")
    wanted = combined(demands)
    with business_transaction(reason=reason):
        placed = place_demands(location=location, demands=wanted)
        return post_movements(
            (
                Movement(
                    level_id=level_id,
                    kind=kind,
                    reference=reference,
                    line_id=demand.line_id,
                    on_hand=-demand.quantity,
                )
                for level_id, demand in placed.demands
            ),
            reason=reason[:255],
            at=at,
            idempotency_key=idempotency_key,
            short=placed.shortages,
        )
