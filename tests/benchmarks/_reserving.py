"""The two ways in which ``reserve_stock.py`` reserves; models are ready here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection
from psycopg.types.json import Jsonb
from uuid_utils.compat import uuid7

from inventory.errors import InsufficientStockError
from inventory.invariants import invariants
from inventory.models import Location
from inventory.services.stock import Demand, Reference, reserve_stock
from stateset.lib.invariants import Violation
from tests.inventory.builders import make_level, make_location

ROWS = 5
BEGIN = """
SELECT set_config('stateset.actor_id', %s, true),
  set_config('stateset.actor_label', %s, true),
  set_config('stateset.reason', %s, true), set_config('stateset.request_id', %s, true)
"""
FIND = """
SELECT v.id, v.sku, v.is_stocked, (SELECT l.id FROM inventory l
  WHERE l.variant_id = v.id AND l.location_id = %s)
FROM product_variants v WHERE v.id IN (%s)
"""
RESERVE = """
UPDATE inventory SET reserved = reserved + %s, updated_at = %s
WHERE id = %s AND available >= %s
RETURNING on_hand, reserved, allocated, average_cost
"""
LEDGER = """
INSERT INTO inventory_transactions (inventory_id, transaction_type, on_hand_delta,
  reserved_delta, allocated_delta, on_hand_after, reserved_after, allocated_after,
  unit_cost, reason, reference_type, reference_id, reference_line_id, idempotency_key,
  actor_id, occurred_at)
VALUES (%s, 'reserve', 0, %s, 0, %s, %s, %s, NULL, '', 'order', %s, %s, NULL, NULL, %s)
RETURNING id
"""
RESERVATION = """
INSERT INTO inventory_reservations (id, created_at, updated_at, version, inventory_id,
  reference_type, reference_id, reference_line_id, quantity, quantity_fulfilled,
  quantity_released, status, expires_at, closed_at, close_reason)
VALUES (%s, %s, %s, 1, %s, 'order', %s, %s, %s, 0, 0, 'active', NULL, NULL, '')
RETURNING id
"""
EVENT = """
INSERT INTO events (event_id, aggregate_type, aggregate_id, event_type, payload,
  actor_id, request_id, occurred_at, is_told)
VALUES (%s, 'stockreservation', %s, 'reservation.created', %s, NULL, '', %s, true)
RETURNING id
"""
OUTBOX = """
INSERT INTO outbox (event_id, topic, partition_key, status, attempts, max_attempts,
  available_at, lease_until, delivered_at, last_error, created_at, updated_at)
VALUES (%s, 'default', %s, 'pending', 0, 8, %s, NULL, NULL, '', %s, %s)
RETURNING id
"""
BARE_STATEMENTS = (BEGIN, FIND, RESERVATION, EVENT, OUTBOX, RESERVE, LEDGER)

Attempt = Callable[[UUID], bool]


@dataclass(frozen=True)
class Shop:
    """Where the clients buy: one location, and the variants it holds."""

    url: str
    location_id: UUID
    variant_ids: tuple[UUID, ...]


@contextmanager
def ours(shop: Shop) -> Iterator[Attempt]:
    """Reserve as the product does."""
    location = Location.objects.get(pk=shop.location_id)

    def attempt(variant_id: UUID) -> bool:
        try:
            reserve_stock(
                location=location,
                demands=[Demand(variant_id, 1, uuid7())],
                reference=Reference("order", uuid7()),
            )
        except InsufficientStockError:
            return False
        return True

    yield attempt
    connection.close()


@contextmanager
def bare(shop: Shop) -> Iterator[Attempt]:
    """Reserve by the same statements, with nothing around them."""
    with psycopg.connect(shop.url, autocommit=True) as link:

        def attempt(variant_id: UUID) -> bool:
            try:
                with link.transaction():
                    reserve_bare(link, shop.location_id, variant_id)
            except LookupError:
                return False
            return True

        yield attempt


def reserve_bare(
    link: psycopg.Connection[tuple[Any, ...]], location_id: UUID, variant_id: UUID
) -> None:
    """Run the statements of one reservation; LookupError when stock is short."""
    now = datetime.now(UTC)
    order_id, line_id, reservation_id = uuid7(), uuid7(), uuid7()
    link.execute(BEGIN, ["", "", "", ""])
    level_id = one(link, FIND, [location_id, variant_id])[3]
    stamped = [reservation_id, now, now]
    one(link, RESERVATION, [*stamped, level_id, order_id, line_id, 1])
    payload = Jsonb({"quantity": 1})
    (event_id,) = one(link, EVENT, [uuid7(), reservation_id, payload, now])
    one(link, OUTBOX, [event_id, str(reservation_id), now, now, now])
    after = one(link, RESERVE, [1, now, level_id, 1])
    one(link, LEDGER, [level_id, 1, *after[:3], order_id, line_id, now])


def one(
    link: psycopg.Connection[tuple[Any, ...]], statement: str, values: list[Any]
) -> tuple[Any, ...]:
    """Run one statement and return its row."""
    row = link.execute(statement.encode(), values).fetchone()
    if row is None:
        raise LookupError
    return row


WAYS: dict[str, Callable[[Shop], AbstractContextManager[Attempt]]] = {
    "ours": ours,
    "bare": bare,
}


def require_same_statements(shop: Shop) -> None:
    """Stop where the bare way does not do what the product does."""
    seen: list[str] = []

    def listen(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with ours(shop) as attempt, connection.execute_wrapper(listen):
        attempt(shop.variant_ids[0])
    what_we_do, what_bare_does = (
        [" ".join(sql.split()[:3]) for sql in statements]
        for statements in (seen, BARE_STATEMENTS)
    )
    if what_we_do != what_bare_does:
        raise RuntimeError(f"ours: {what_we_do}, bare: {what_bare_does}")


def open_shop(url: str, units: int) -> Shop:
    """Make a location that holds so many units of each of a few new variants."""
    location = make_location()
    levels = [make_level(location=location, on_hand=units) for _ in range(ROWS)]
    return Shop(url, location.pk, tuple(level.variant_id for level in levels))


def violations() -> list[Violation]:
    """Return every level that disagrees with its ledger or its promises."""
    return [found for rule in invariants() for found in rule.find()]
