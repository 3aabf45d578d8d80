"""Stock taken, adjusted, counted and moved by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from inventory.errors import (
    CountBelowPromisesError,
    InsufficientStockError,
    InvalidMovementError,
    InvalidQuantityError,
    LocationNotUsableError,
    NotStockedError,
    ReasonMissingError,
    StockChangedError,
)
from inventory.models import Location, StockLevel, StockTransaction
from inventory.services.stock import (
    Demand,
    adjust_stock,
    close_location,
    count_stock,
    reserve_stock,
    take_available,
    transfer_stock,
)
from stateset.lib.journal import acting
from stateset.system.models import AuditEntry, Event
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    make_variant,
    quantities,
)
from tests.inventory.stock.books import ledger, violations
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def promise(level: StockLevel, quantity: int) -> None:
    """Reserve so many units for some order."""
    reserve_stock(
        location=level.location,
        demands=[make_demand(level, quantity)],
        reference=make_reference(),
    )


def test_a_cash_sale_takes_what_is_available() -> None:
    level = make_level(on_hand=5, unit_cost=Decimal("1.25"))
    promise(level, 2)

    (entry,) = take_available(
        location=level.location,
        demands=[make_demand(level, 3)],
        reference=make_reference("cash_sale"),
    )

    assert quantities(level) == (2, 2, 0)
    assert ledger(level)[-1] == ("ship", -3, 0, 0)
    assert entry.unit_cost == Decimal("1.25")
    assert violations() == []


def test_what_is_promised_is_not_sold_over_the_counter() -> None:
    level = make_level(on_hand=5)
    promise(level, 3)

    with pytest.raises(InsufficientStockError) as refusal:
        take_available(
            location=level.location,
            demands=[make_demand(level, 3)],
            reference=make_reference("cash_sale"),
        )

    assert refusal.value.why == (
        f"{level.variant.sku} at {level.location.code}: 3 wanted, 2 available"
    )
    assert quantities(level) == (5, 3, 0)


def test_services_are_sold_without_stock() -> None:
    service = make_variant(is_stocked=False)

    assert (
        take_available(
            location=make_location(),
            demands=[Demand(service.pk, 2, uuid4())],
            reference=make_reference("cash_sale"),
        )
        == []
    )


def test_quarantine_scraps_and_does_not_sell() -> None:
    level = make_level(location=make_location(kind=Location.Kind.QUARANTINE), on_hand=5)
    demands = [make_demand(level, 2)]

    take_available(
        location=level.location,
        demands=demands,
        kind="scrap",
        reference=make_reference("return"),
        reason="broken",
    )
    with pytest.raises(LocationNotUsableError):
        take_available(
            location=level.location,
            demands=demands,
            reference=make_reference("cash_sale"),
        )

    assert quantities(level) == (3, 0, 0)
    assert ledger(level)[-1] == ("scrap", -2, 0, 0)


def test_scrap_needs_a_reason() -> None:
    level = make_level(on_hand=5)

    with pytest.raises(ReasonMissingError) as refusal:
        take_available(
            location=level.location,
            demands=[make_demand(level, 1)],
            kind="scrap",
            reference=make_reference("return"),
            reason=" ",
        )

    assert refusal.value.what == "The stock was not scrapped."
    assert quantities(level) == (5, 0, 0)


@pytest.mark.parametrize("delta", [3, -4])
def test_an_adjustment_changes_what_is_on_hand(delta: int) -> None:
    level = make_level(on_hand=4, unit_cost=Decimal(2))
    user = make_user()

    with acting(actor_id=str(user.pk)):
        entry = adjust_stock(level=level, delta=delta, reason="found in the aisle")

    assert quantities(level) == (4 + delta, 0, 0)
    assert level.average_cost == Decimal(2)
    assert (entry.reason, entry.actor) == ("found in the aisle", user)
    assert entry.unit_cost == Decimal(2)
    assert Event.objects.filter(event_type="stock.adjusted").count() == 1
    audited = AuditEntry.objects.filter(resource_type="inventory").last()
    assert audited is not None
    assert audited.changes["on_hand"] == [4, 4 + delta]
    assert (audited.reason, audited.actor_id) == ("found in the aisle", user.pk)
    assert violations() == []


def test_an_adjustment_below_what_is_promised_is_refused() -> None:
    level = make_level(on_hand=4)
    promise(level, 3)

    with pytest.raises(InsufficientStockError) as refusal:
        adjust_stock(level=level, delta=-2, reason="broken")

    assert refusal.value.shortages[0].available == 1
    assert quantities(level) == (4, 3, 0)


def test_an_adjustment_by_nothing_is_refused() -> None:
    with pytest.raises(InvalidQuantityError):
        adjust_stock(level=make_level(on_hand=4), delta=0, reason="nothing")


def test_an_adjustment_needs_a_reason() -> None:
    level = make_level(on_hand=4)

    with pytest.raises(ReasonMissingError) as refusal:
        adjust_stock(level=level, delta=1, reason="")

    assert refusal.value.what == "The adjustment was not written."
    assert quantities(level) == (4, 0, 0)


def test_a_count_sets_what_is_on_hand() -> None:
    level = make_level(on_hand=10)
    moment = datetime(2026, 1, 31, tzinfo=UTC)

    entry = count_stock(level=level, counted=8, reason="yearly count", at=moment)

    assert quantities(level) == (8, 0, 0)
    assert ledger(level)[-1] == ("count", -2, 0, 0)
    assert (level.last_counted_at, entry.occurred_at) == (moment, moment)
    assert violations() == []


def test_a_count_that_finds_all_as_it_should_be_is_written_too() -> None:
    level = make_level(on_hand=10)

    count_stock(level=level, counted=10, reason="yearly count")

    assert ledger(level)[-1] == ("count", 0, 0, 0)
    assert Event.objects.filter(event_type="stock.counted").count() == 1
    assert violations() == []


def test_fewer_counted_than_promised_is_refused() -> None:
    level = make_level(on_hand=10)
    promise(level, 6)

    with pytest.raises(CountBelowPromisesError) as refusal:
        count_stock(level=level, counted=5, reason="yearly count")

    assert str(refusal.value) == (
        f"The count of {level} was not written.\n"
        "  why: 5 were counted, but 6 are promised to documents\n"
        "  fix: release reservations or cancel picks of this variant first"
    )
    assert quantities(level) == (10, 6, 0)


def test_stock_that_moved_while_it_was_counted_is_counted_again() -> None:
    level = make_level(on_hand=10)
    adjust_stock(level=level, delta=-1, reason="broken")

    with pytest.raises(StockChangedError) as refusal:
        count_stock(level=level, counted=10, expected=10, reason="yearly count")

    assert str(refusal.value) == (
        f"The count of {level} was not written.\n"
        "  why: 10 were on hand when counting began, 9 are now\n"
        "  fix: count again"
    )
    assert quantities(level) == (9, 0, 0)


def test_a_count_below_nothing_is_refused() -> None:
    with pytest.raises(InvalidQuantityError) as refusal:
        count_stock(level=make_level(), counted=-1, reason="yearly count")

    assert str(refusal.value) == (
        "The count is not one that a level can have.\n"
        "  why: it is -1\n"
        "  fix: give a whole number from 0 to 2147483647"
    )


def test_a_closed_location_has_nothing_to_be_found() -> None:
    level = make_level()
    close_location(level.location)

    for find in (
        lambda: adjust_stock(level=level, delta=1, reason="found"),
        lambda: count_stock(level=level, counted=1, reason="found"),
    ):
        with pytest.raises(LocationNotUsableError):
            find()

    assert quantities(level) == (0, 0, 0)


def test_a_transfer_is_two_rows_of_one_reference() -> None:
    level = make_level(on_hand=10, unit_cost=Decimal(4))
    target = make_level(variant=level.variant, on_hand=10, unit_cost=Decimal(1))

    out, into = transfer_stock(
        variant=level.variant,
        source=level.location,
        target=target.location,
        quantity=5,
        reason="shelf is full",
    )

    assert (quantities(level), quantities(target)) == ((5, 0, 0), (15, 0, 0))
    assert (level.average_cost, target.average_cost) == (Decimal(4), Decimal(2))
    assert (out.on_hand_delta, into.on_hand_delta) == (-5, 5)
    assert out.reference_id == into.reference_id
    assert out.reference_type == into.reference_type == "transfer"
    assert out.unit_cost == into.unit_cost == Decimal(4)
    assert violations() == []


def test_a_transfer_makes_the_level_it_needs() -> None:
    level = make_level(on_hand=3)
    target = make_location()

    transfer_stock(
        variant=level.variant, source=level.location, target=target, quantity=3
    )

    made = StockLevel.objects.get(variant=level.variant, location=target)
    assert quantities(made) == (3, 0, 0)
    assert violations() == []


def test_what_is_promised_is_not_transferred() -> None:
    level = make_level(on_hand=5)
    promise(level, 3)

    with pytest.raises(InsufficientStockError):
        transfer_stock(
            variant=level.variant,
            source=level.location,
            target=make_location(),
            quantity=3,
        )

    assert quantities(level) == (5, 3, 0)
    assert StockLevel.objects.count() == 1


def test_nothing_is_transferred_to_where_it_is() -> None:
    level = make_level(on_hand=5)

    with pytest.raises(InvalidMovementError) as refusal:
        transfer_stock(
            variant=level.variant,
            source=level.location,
            target=level.location,
            quantity=3,
        )

    assert str(refusal.value) == (
        f"{level.variant.sku} was not moved.\n"
        f"  why: {level.location.code} is where it is already\n"
        "  fix: choose another target"
    )


def test_nothing_is_transferred_into_a_closed_location() -> None:
    level = make_level(on_hand=5)

    with pytest.raises(LocationNotUsableError):
        transfer_stock(
            variant=level.variant,
            source=level.location,
            target=make_location(is_active=False),
            quantity=3,
        )

    assert quantities(level) == (5, 0, 0)
    assert StockTransaction.objects.filter(reference_type="transfer").count() == 0


def test_a_service_is_not_transferred() -> None:
    with pytest.raises(NotStockedError):
        transfer_stock(
            variant=make_variant(is_stocked=False),
            source=make_location(),
            target=make_location(),
            quantity=1,
        )
