"""Every rule of the five stock tables, broken past all services: the database objects.

What no column rule can say (sums over rows) is for ``check_integrity``:
tests/inventory/test_invariants.py breaks those.
"""

from __future__ import annotations

from collections.abc import Callable
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
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    quantities,
)

pytestmark = pytest.mark.django_db

TABLES: tuple[type[models.Model], ...] = (
    Location,
    StockLevel,
    StockReservation,
    StockAllocation,
    StockTransaction,
)
RULES = {
    rule.name: (table, rule) for table in TABLES for rule in table._meta.constraints
}
COUNTED = [
    (table, field.attname)
    for table in TABLES
    for field in table._meta.local_fields
    if isinstance(field, models.PositiveIntegerField)
]


def rows(table: type[models.Model]) -> Any:
    return table._default_manager.all()


def write(table: type[models.Model], **columns: Any) -> None:
    """Change a row, or where rows never change, write another one like it."""
    with transaction.atomic():
        if table is StockTransaction:
            copy_row(table, **columns)
        else:
            first = rows(table).order_by("pk")[:1]
            assert rows(table).filter(pk__in=first.values("pk")).update(**columns) == 1
        connection.check_constraints()


def copy_row(table: type[models.Model], **columns: Any) -> None:
    row = rows(table).order_by("pk").first()
    row.pk = columns.pop("id", None)
    for name, value in columns.items():
        setattr(row, name, value)
    rows(table).bulk_create([row])


def writing(table: type[models.Model], **columns: Any) -> Callable[[], None]:
    return lambda: write(table, **columns)


def copying(table: type[models.Model], **columns: Any) -> Callable[[], None]:
    return lambda: copy_row(table, id=uuid7(), **columns)


def make_two_defaults() -> None:
    make_default_location(make_location())
    rows(Location).update(is_default=True)


BREACHES: dict[str, Callable[[], None]] = {
    "location_one_default": make_two_defaults,
    "location_kind_known": writing(Location, kind="cellar"),
    "location_default_sells": writing(Location, kind="quarantine", is_default=True),
    "stock_level_variant_location_unique": copying(StockLevel),
    "stock_level_not_oversold": writing(StockLevel, reserved=9),
    "stock_level_cost_not_negative": writing(StockLevel, average_cost=-1),
    "reservation_one_active": copying(StockReservation),
    "reservation_status_known": writing(
        StockReservation, status="lost", closed_at=timezone.now()
    ),
    "reservation_reference_known": writing(StockReservation, reference_type="wish"),
    "reservation_quantity_positive": writing(StockReservation, quantity=0),
    "reservation_within_quantity": writing(StockReservation, quantity_released=3),
    "reservation_closed_has_time": writing(StockReservation, status="released"),
    "allocation_one_open": copying(StockAllocation),
    "allocation_status_known": writing(
        StockAllocation, status="lost", closed_at=timezone.now()
    ),
    "allocation_reference_known": writing(StockAllocation, reference_type="wish"),
    "allocation_quantity_positive": writing(StockAllocation, quantity=0),
    "allocation_within_quantity": writing(StockAllocation, quantity_fulfilled=3),
    "allocation_closed_has_time": writing(StockAllocation, status="fulfilled"),
    "stock_transaction_type_known": writing(StockTransaction, transaction_type="lose"),
    "stock_transaction_reference_known": writing(
        StockTransaction, reference_type="wish"
    ),
    "stock_transaction_changes_something": writing(
        StockTransaction, transaction_type="reserve", on_hand_delta=0
    ),
    "stock_transaction_inward_adds": writing(StockTransaction, on_hand_delta=-1),
    "stock_transaction_outward_takes": writing(
        StockTransaction, transaction_type="ship"
    ),
    "stock_transaction_reason_given": writing(
        StockTransaction, transaction_type="adjust"
    ),
}


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


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_breaks_a_rule_is_refused(name: str) -> None:
    _, rule = RULES[name]

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        BREACHES[name]()

    if isinstance(rule, models.CheckConstraint):
        assert name in str(refusal.value)


@pytest.mark.parametrize(("table", "column"), COUNTED)
def test_nothing_is_counted_below_zero(table: type[models.Model], column: str) -> None:
    with pytest.raises(IntegrityError):
        write(table, **{column: -1})


@pytest.mark.parametrize("table", [StockReservation, StockAllocation, StockTransaction])
@pytest.mark.parametrize(
    "column", ["reference_type", "reference_id", "reference_line_id", "level_id"]
)
def test_what_a_row_is_for_is_never_unknown(
    table: type[models.Model], column: str
) -> None:
    with pytest.raises(IntegrityError):
        write(table, **{column: None})


@pytest.mark.parametrize("table", [StockReservation, StockAllocation, StockTransaction])
def test_a_row_s_level_is_there(table: type[models.Model]) -> None:
    with pytest.raises(IntegrityError):
        write(table, level_id=uuid7())


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
