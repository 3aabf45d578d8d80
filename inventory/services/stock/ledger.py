"""Change stock levels and write the ledger: the one place that does either.

The hot path of the product, so it speaks plain SQL through Django's cursor: the
ORM halves its rate. Levels change in primary-key order, and their ledger rows
follow in the same function.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from inventory.errors import Shortage
from inventory.models import StockLevel, StockTransaction
from inventory.services.stock.changing import After, change_level
from inventory.services.stock.movements import Change, Movement, by_level
from inventory.services.stock.refusals import Problem, problem_of, refusal
from stateset.lib.rows import insert_rows
from stateset.system.services import record_event
from stateset.system.services.actors import acting_user_id

EVENTS = {
    "receive": "stock.received",
    "ship": "stock.shipped",
    "return": "stock.returned",
    "adjust": "stock.adjusted",
    "count": "stock.counted",
    "transfer_out": "stock.transferred_out",
    "transfer_in": "stock.transferred_in",
    "produce": "stock.produced",
    "consume": "stock.consumed",
    "scrap": "stock.scrapped",
}
"""Told to the world: what is there changed. Of a promise, its own row tells."""


def post_movements(
    movements: Iterable[Movement],
    *,
    reason: str = "",
    at: datetime | None = None,
    idempotency_key: str | None = None,
    short: Iterable[Shortage] = (),
) -> list[StockTransaction]:
    """Make the movements, all or none, and return their ledger rows.

    Inside the caller's transaction, which an error must roll back. Raises
    InsufficientStockError with every level that has too little, and what the
    caller found ``short`` already.
    """
    now = timezone.now()
    written = {
        "reason": reason,
        "actor_id": acting_user_id(),
        "occurred_at": at or now,
        "idempotency_key": idempotency_key,
    }
    entries: list[StockTransaction] = []
    problems: list[Problem] = list(short)
    for change in by_level(movements):
        after = change_level(change, now) or _change_locked(change, now, problems)
        if after is not None:
            entries += _entries(change, after, written)
    if problems:
        raise refusal(problems)
    insert_rows(entries)
    for entry in entries:
        if entry.transaction_type in EVENTS:
            _record(entry)
    return entries


def lock_levels(level_ids: Iterable[UUID]) -> dict[UUID, StockLevel]:
    """Lock levels in primary-key order and return them as they are now.

    For flows that post more than once, or decide by what a level holds.
    """
    levels = (
        StockLevel.objects.filter(pk__in=list(level_ids))
        .select_related("variant", "location")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    return {level.pk: level for level in levels}


def _change_locked(
    change: Change, now: datetime, problems: list[Problem]
) -> After | None:
    """Find out what refused the change; it may have passed while being asked."""
    problem = problem_of(change, lock_levels([change.level_id])[change.level_id])
    if problem is None:
        return change_level(change, now)
    problems.append(problem)
    return None


def _entries(
    change: Change, after: After, written: dict[str, Any]
) -> list[StockTransaction]:
    on_hand = after.on_hand - change.on_hand
    reserved = after.reserved - change.reserved
    allocated = after.allocated - change.allocated
    entries = []
    for movement in change.movements:
        on_hand += movement.on_hand
        reserved += movement.reserved
        allocated += movement.allocated
        unit_cost = movement.unit_cost
        if unit_cost is None and movement.on_hand:
            unit_cost = after.average_cost
        entries.append(
            StockTransaction(
                level_id=movement.level_id,
                transaction_type=movement.kind,
                on_hand_delta=movement.on_hand,
                reserved_delta=movement.reserved,
                allocated_delta=movement.allocated,
                on_hand_after=on_hand,
                reserved_after=reserved,
                allocated_after=allocated,
                unit_cost=unit_cost,
                reference_type=movement.reference.type,
                reference_id=movement.reference.id,
                reference_line_id=movement.line_id,
                **written,
            )
        )
    return entries


def _record(entry: StockTransaction) -> None:
    record_event(
        StockLevel(pk=entry.level_id),
        EVENTS[entry.transaction_type],
        {
            "on_hand_delta": entry.on_hand_delta,
            "on_hand": entry.on_hand_after,
            "reserved": entry.reserved_after,
            "allocated": entry.allocated_after,
            "reference_type": str(entry.reference_type),
            "reference_id": entry.reference_id,
            "reference_line_id": entry.reference_line_id,
        },
        at=entry.occurred_at,
    )
