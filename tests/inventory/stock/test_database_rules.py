"""Every rule of the five stock tables, broken past all services: the database objects.

What no column rule can say (sums over rows) is for ``check_integrity``:
tests/inventory/test_invariants.py breaks those.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory.models import (
    Location,
    StockAllocation,
    StockLevel,
    StockReservation,
    StockTransaction,
)
from inventory.services.stock import (
    allocate_reservations,
    make_default_location,
    receive_stock,
    reserve_stock,
)
from tests.breaking import names_it, refused_copy, refused_update
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    quantities,
)

pytestmark = pytest.mark.django_db

NOW = timezone.now()

TABLES: tuple[type[models.Model], ...] = (
    Location,
    StockLevel,
    StockReservation,
    StockAllocation,
    StockTransaction,
)
RULES = {rule.name for table in TABLES for rule in table._meta.constraints}
COUNTED = [
    (table, field.attname)
    for table in TABLES
    for field in table._meta.local_fields
    if isinstance(field, models.PositiveIntegerField)
]


BROKEN: dict[str, tuple[type[models.Model], dict[str, Any]]] = {
    "location_kind_known": (Location, {"kind": "cellar"}),
    "location_default_sells": (Location, {"kind": "quarantine", "is_default": True}),
    "stock_level_not_oversold": (StockLevel, {"reserved": 9}),
    "stock_level_cost_not_negative": (StockLevel, {"average_cost": -1}),
    "reservation_status_known": (
        StockReservation,
        {"status": "lost", "closed_at": NOW},
    ),
    "reservation_reference_known": (StockReservation, {"reference_type": "wish"}),
    "reservation_quantity_positive": (StockReservation, {"quantity": 0}),
    "reservation_within_quantity": (StockReservation, {"quantity_released": 3}),
    "reservation_closed_has_time": (StockReservation, {"status": "released"}),
    "allocation_status_known": (StockAllocation, {"status": "lost", "closed_at": NOW}),
    "allocation_reference_known": (StockAllocation, {"reference_type": "wish"}),
    "allocation_quantity_positive": (StockAllocation, {"quantity": 0}),
    "allocation_within_quantity": (StockAllocation, {"quantity_fulfilled": 3}),
    "allocation_closed_has_time": (StockAllocation, {"status": "fulfilled"}),
    "stock_transaction_type_known": (StockTransaction, {"transaction_type": "lose"}),
    "stock_transaction_reference_known": (StockTransaction, {"reference_type": "wish"}),
    "stock_transaction_changes_something": (
        StockTransaction,
        {"transaction_type": "reserve", "on_hand_delta": 0},
    ),
    "stock_transaction_inward_adds": (StockTransaction, {"on_hand_delta": -1}),
    "stock_transaction_outward_takes": (StockTransaction, {"transaction_type": "ship"}),
    "stock_transaction_reason_given": (
        StockTransaction,
        {"transaction_type": "adjust"},
    ),
}
"""By the name of a rule: a column of the first row of its table that breaks it."""

CHECKED = "check constraint"

TWICE: dict[str, type[models.Model]] = {
    "stock_level_variant_location_unique": StockLevel,
    "reservation_one_active": StockReservation,
    "allocation_one_open": StockAllocation,
}
"""What a second row like the first one breaks."""


def rows(table: type[models.Model]) -> models.QuerySet[Any]:
    return table._default_manager.order_by("pk")


def refused(table: type[models.Model], **columns: Any) -> str:
    """Return what the database says to the first row with this in its columns."""
    row = rows(table)[0]
    # Rows of the ledger never change: it is another one like it that is refused.
    breaking = refused_copy if table is StockTransaction else refused_update
    return breaking(row, **columns)


@pytest.fixture(autouse=True)
def one_row_in_each_table(db: None) -> StockLevel:
    """Make a level of 6 units, 2 reserved and 2 allocated."""
    level = make_level(on_hand=6)
    # The one that stays reserved is the first of its table.
    kept, picked = make_reference(), make_reference()
    for reference in (kept, picked):
        reserve_stock(
            location=level.location,
            demands=[make_demand(level, 2)],
            reference=reference,
        )
    allocate_reservations(
        reservations_of=picked, to=make_reference("fulfillment_order")
    )
    return level


def test_what_breaks_a_rule_is_refused() -> None:
    said = {name: refused(table, **wrong) for name, (table, wrong) in BROKEN.items()}
    said |= {name: refused_copy(rows(table)[0]) for name, table in TWICE.items()}

    assert [each for each in said.items() if not names_it(each[1], each[0])] == []
    # Two rows of the location that is the default at once.
    make_default_location(make_location())
    assert names_it(
        refused_update(rows(Location), is_default=True), "location_one_default"
    )
    assert {*said, "location_one_default"} == RULES


def test_nothing_is_counted_below_zero() -> None:
    said = {
        f"{table.__name__}.{column}": refused(table, **{column: -1})
        for table, column in COUNTED
    }

    others = {name: text for name, text in said.items() if CHECKED not in text.lower()}
    assert others == {}


@pytest.mark.parametrize("table", [StockReservation, StockAllocation, StockTransaction])
def test_what_a_row_is_for_is_never_unknown(table: type[models.Model]) -> None:
    for name in ("reference_type", "reference_id", "reference_line_id", "level_id"):
        said = refused(table, **{name: None}).lower().replace("-", " ")
        column = next(
            str(field.column) for field in table._meta.fields if field.attname == name
        )
        assert "not null" in said, (column, said)
        assert column in said
    assert "foreign key" in refused(table, level_id=uuid7()).lower()


def test_a_level_with_a_history_is_not_deleted(
    one_row_in_each_table: StockLevel,
) -> None:
    def delete() -> None:
        with transaction.atomic():
            rows(StockLevel)._raw_delete(using="default")
            connection.check_constraints()

    with pytest.raises(IntegrityError):
        delete()

    assert quantities(one_row_in_each_table) == (6, 2, 2)


def test_what_is_available_is_never_written() -> None:
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE inventory SET available = 99")


def test_a_key_of_the_ledger_is_used_once(one_row_in_each_table: StockLevel) -> None:
    level = one_row_in_each_table
    entry = receive_stock(
        variant=level.variant,
        location=level.location,
        quantity=1,
        unit_cost=level.average_cost,
        reference=make_reference("item_receipt"),
        line_id=uuid7(),
        idempotency_key="receipt:1",
    )

    entry.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        StockTransaction.objects.bulk_create([entry])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inventory_transactions SET on_hand_delta = on_hand_delta + 1",
        "UPDATE inventory_transactions SET reason = 'better so'",
        "DELETE FROM inventory_transactions",
    ],
)
def test_the_ledger_is_never_changed(statement: str) -> None:
    count = rows(StockTransaction).count()

    with (
        pytest.raises(DatabaseError, match="inventory_transactions is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert rows(StockTransaction).count() == count


@pytest.mark.postgresql
def test_the_ledger_is_never_emptied() -> None:
    connection.check_constraints()  # PostgreSQL empties no table that owes checks.
    with (
        pytest.raises(DatabaseError, match="inventory_transactions is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE inventory_transactions")
