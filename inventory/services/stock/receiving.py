"""Put units into stock: bought, returned or made."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError

from inventory.errors import IdempotencyMismatchError
from inventory.models import Location, ProductVariant, StockTransaction
from inventory.services.stock.demands import (
    Reference,
    require_cost,
    require_quantity,
)
from inventory.services.stock.ledger import lock_levels, post_movements
from inventory.services.stock.levels import ensure_level, lock_open_levels
from inventory.services.stock.movements import Movement
from stateset.lib.journal import business_transaction


def receive_stock(
    *,
    variant: ProductVariant,
    location: Location,
    quantity: int,
    unit_cost: Decimal,
    reference: Reference,
    line_id: UUID,
    kind: str = StockTransaction.Type.RECEIVE,
    reason: str = "",
    at: datetime | None = None,
    idempotency_key: str | None = None,
) -> StockTransaction:
    """Add units to a level and mix their cost into its moving average.

    The same ``idempotency_key`` again adds nothing and returns the first row;
    for another movement it raises IdempotencyMismatchError.
    """
    require_quantity(quantity)
    require_cost(unit_cost)
    try:
        with business_transaction(reason=reason):
            level = ensure_level(variant=variant, location=location)
            movement = Movement(
                level_id=level.pk,
                kind=kind,
                reference=reference,
                line_id=line_id,
                on_hand=quantity,
                unit_cost=unit_cost,
            )
            if idempotency_key is not None:
                # Two with one key wait for each other, before either looks.
                lock_levels([level.pk])
                if earlier := _earlier(idempotency_key):
                    return _require_same(earlier, movement)
            lock_open_levels([level.pk])
            (entry,) = post_movements(
                [movement], reason=reason[:255], at=at, idempotency_key=idempotency_key
            )
            return entry
    except IntegrityError:
        # The key was used at another location between the look and the insert.
        if earlier := _earlier(idempotency_key):
            raise _mismatch(earlier) from None
        raise


def _earlier(key: str | None) -> StockTransaction | None:
    if key is None:
        return None
    return StockTransaction.objects.filter(idempotency_key=key).first()


def _require_same(earlier: StockTransaction, movement: Movement) -> StockTransaction:
    was = Movement(
        level_id=earlier.level_id,
        kind=earlier.transaction_type,
        reference=Reference(earlier.reference_type, earlier.reference_id),
        line_id=earlier.reference_line_id,
        on_hand=earlier.on_hand_delta,
        unit_cost=earlier.unit_cost,
    )
    if was != movement:
        raise _mismatch(earlier)
    return earlier


def _mismatch(earlier: StockTransaction) -> IdempotencyMismatchError:
    return IdempotencyMismatchError(
        "The stock was not received.",
        why=f"the key {earlier.idempotency_key!r} was used before, for"
        f" {earlier.on_hand_delta} × {earlier.level}",
        fix="use a new key for a new receipt",
    )
