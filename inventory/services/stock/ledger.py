"""Change stock levels and write the ledger: the one place that does either.

The hot path of the product, so it speaks plain SQL through Django's cursor: the
ORM halves its rate. Levels change in primary-key order, and their ledger rows
follow in the same function. Where units are short, reservations whose time ran
out give way here, so they keep nobody out of any flow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from inventory.errors import Shortage
from inventory.models import StockLevel, StockReservation, StockTransaction
from inventory.services.stock.changing import After, change_level
from inventory.services.stock.closing import close_reservations
from inventory.services.stock.movements import Change, Movement, by_level
from inventory.services.stock.refusals import Problem, problem_of, refusal
from stateset.lib.journal import business_transaction
from stateset.lib.rows import insert_rows, new_row
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

EXPIRED_AT_ONCE = 100


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


def make_room(
    level: StockLevel, units: int, *, at: datetime, keeping: Collection[UUID] = ()
) -> StockLevel:
    """Have what ran out at a locked level give way until ``units`` are available.

    Returns the level as it is then; where that is not enough, the caller refuses,
    and what gave way is as it was. Documents of ``keeping`` give nothing.
    """
    while level.available < units and expire_at_level(level.pk, at=at, keeping=keeping):
        level = lock_levels([level.pk])[level.pk]
    return level


def expire_at_level(
    level_id: UUID, *, at: datetime, keeping: Collection[UUID] = ()
) -> int:
    """Give back some reservations of a level that ran out; return how many.

    Who closes a reservation locks it before its level, and here the level comes
    first: so what another flow is just closing is left to it, never waited for.
    """
    with business_transaction(reason="expired"):
        lock_levels([level_id])
        overdue = (
            StockReservation.objects.expired(at)
            .filter(level=level_id)
            .exclude(reference_id__in=keeping)
            .select_for_update(skip_locked=True, no_key=True)
            .order_by("pk")[:EXPIRED_AT_ONCE]
        )
        released = close_reservations(overdue, "expired", reason="expired", at=at)
        post_movements(released, reason="expired", at=at)
    return len(released)


def _change_locked(
    change: Change, now: datetime, problems: list[Problem]
) -> After | None:
    """Find out what refused the change; it may have passed while being asked."""
    level = make_room(
        lock_levels([change.level_id])[change.level_id],
        -change.available,
        at=now,
        # Rows that this very change is for are written, but not counted yet.
        keeping={movement.reference.id for movement in change.movements},
    )
    problem = problem_of(change, level)
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
            new_row(
                StockTransaction,
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
