"""Many at once, on real connections: nothing is oversold, and the books agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory.errors import (
    AlreadyPromisedError,
    IdempotencyMismatchError,
    InsufficientStockError,
    LocationInUseError,
    LocationNotUsableError,
)
from inventory.models import StockLevel, StockReservation
from inventory.services.stock import (
    adjust_stock,
    allocate_reservations,
    close_location,
    expire_reservations,
    receive_stock,
    release_allocations,
    release_reservations,
    reserve_stock,
    take_allocated,
    take_available,
    transfer_stock,
)
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    make_variant,
    quantities,
)
from tests.inventory.stock.books import ledger, violations
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def buyer(*levels: StockLevel, quantity: int = 1, **options: Any) -> Callable[[], Any]:
    """Return who wants so many units of each level for an order of their own."""
    return partial(
        reserve_stock,
        location=levels[0].location,
        demands=[make_demand(level, quantity) for level in levels],
        reference=make_reference(),
        **options,
    )


def test_sixteen_want_the_last_five() -> None:
    level = make_level(on_hand=5)

    results = at_once(*(buyer(level) for _ in range(16)))

    assert refusals(results) == [InsufficientStockError] * 11
    assert quantities(level) == (5, 5, 0)
    assert StockReservation.objects.count() == 5
    assert violations() == []


def test_orders_of_the_same_goods_in_any_order_do_not_block_each_other() -> None:
    place = make_location()
    levels = [make_level(location=place, on_hand=6) for _ in range(3)]

    results = at_once(
        *(buyer(*levels) for _ in range(4)), *(buyer(*levels[::-1]) for _ in range(4))
    )

    assert refusals(results) == [InsufficientStockError] * 2
    assert [quantities(level) for level in levels] == [(6, 6, 0)] * 3
    assert violations() == []


def test_counter_and_web_shop_share_the_last_units() -> None:
    level = make_level(on_hand=3)
    sales = [
        partial(
            take_available,
            location=level.location,
            demands=[make_demand(level, 1)],
            reference=make_reference("cash_sale"),
        )
        for _ in range(4)
    ]

    results = at_once(*sales, *(buyer(level) for _ in range(4)))

    assert refusals(results) == [InsufficientStockError] * 5
    level.refresh_from_db()
    assert level.available == 0
    assert violations() == []


def test_opposite_transfers_do_not_block_each_other() -> None:
    variant = make_variant()
    here = make_level(variant=variant, on_hand=50)
    there = make_level(variant=variant, on_hand=50, unit_cost=Decimal(3))
    move = partial(transfer_stock, variant=variant, quantity=1)
    out = partial(move, source=here.location, target=there.location)
    back = partial(move, source=there.location, target=here.location)

    results = at_once(*[out] * 8, *[back] * 8)

    assert refusals(results) == []
    assert (quantities(here), quantities(there)) == ((50, 0, 0), (50, 0, 0))
    assert violations() == []


def test_transfers_fight_for_the_last_units() -> None:
    level = make_level(on_hand=3)
    target = make_location()
    move = partial(
        transfer_stock,
        variant=level.variant,
        source=level.location,
        target=target,
        quantity=2,
    )

    results = at_once(*[move] * 4)

    assert refusals(results) == [InsufficientStockError] * 3
    assert quantities(level) == (1, 0, 0)
    assert violations() == []


def test_expiry_and_release_give_back_once() -> None:
    level = make_level(on_hand=8)
    now = timezone.now()
    held = [make_reference() for _ in range(8)]
    for reference in held:
        reserve_stock(
            location=level.location,
            demands=[make_demand(level, 1)],
            reference=reference,
            expires_at=now - timedelta(seconds=1),
        )

    at_once(
        *(
            partial(release_reservations, reference=reference, reason="cancelled")
            for reference in held
        ),
        *[partial(expire_reservations, at=now)] * 4,
    )

    assert quantities(level) == (8, 0, 0)
    assert not StockReservation.objects.active().exists()
    assert [kind for kind, *_ in ledger(level)].count("release") == 8
    assert violations() == []


def test_what_ran_out_goes_to_as_many_as_it_is_enough_for() -> None:
    level = make_level(on_hand=4)
    buyer(level, quantity=4, expires_at=timezone.now() - timedelta(seconds=1))()

    results = at_once(*(buyer(level) for _ in range(8)))

    assert level.reservations.active().count() == 8 - len(refusals(results)) > 0
    level.refresh_from_db()
    assert level.available == 4 - level.reserved
    assert violations() == []


def test_release_and_allocation_do_not_both_have_the_units() -> None:
    level = make_level(on_hand=1)
    order, pick = make_reference(), make_reference("fulfillment_order")
    reserve_stock(
        location=level.location, demands=[make_demand(level, 1)], reference=order
    )

    results = at_once(
        partial(release_reservations, reference=order, reason="cancelled"),
        partial(allocate_reservations, reservations_of=order, to=pick),
    )

    assert refusals(results) == []
    assert quantities(level) in {(1, 0, 0), (1, 0, 1)}
    assert violations() == []


def test_an_order_confirmed_twice_is_reserved_once() -> None:
    level = make_level(on_hand=10)
    confirm = buyer(level, quantity=2)

    results = at_once(*[confirm] * 4)

    assert refusals(results) == [AlreadyPromisedError] * 3
    assert quantities(level) == (10, 2, 0)
    assert violations() == []


def test_a_pick_is_shipped_or_cancelled() -> None:
    level = make_level(on_hand=5)
    order, pick = make_reference(), make_reference("fulfillment_order")
    reserve_stock(
        location=level.location, demands=[make_demand(level, 5)], reference=order
    )
    (allocation,) = allocate_reservations(reservations_of=order, to=pick)
    ship = partial(
        take_allocated,
        quantities={allocation.pk: 5},
        reference=make_reference("shipment"),
    )

    at_once(
        ship, ship, partial(release_allocations, reference=pick, reason="cancelled")
    )

    assert quantities(level) in {(0, 0, 0), (5, 0, 0)}
    assert violations() == []


def test_one_key_at_once_is_one_row() -> None:
    level = make_level()
    receive = partial(
        receive_stock,
        variant=level.variant,
        location=level.location,
        quantity=3,
        unit_cost=Decimal(1),
        reference=make_reference("item_receipt"),
        line_id=uuid7(),
        idempotency_key="receipt:1",
    )

    results = at_once(*[receive] * 6)

    assert len({entry.pk for entry in results}) == 1
    assert quantities(level) == (3, 0, 0)
    assert violations() == []


def test_one_key_at_two_locations_at_once_is_one_row() -> None:
    variant = make_variant()
    levels = [make_level(variant=variant) for _ in range(4)]
    reference, line = make_reference("item_receipt"), uuid7()

    results = at_once(
        *(
            partial(
                receive_stock,
                variant=variant,
                location=level.location,
                quantity=3,
                unit_cost=Decimal(1),
                reference=reference,
                line_id=line,
                idempotency_key="receipt:1",
            )
            for level in levels
        )
    )

    assert refusals(results) == [IdempotencyMismatchError] * 3
    assert sum(quantities(level)[0] for level in levels) == 3
    assert violations() == []


def test_receipts_at_once_are_all_in_the_average() -> None:
    level = make_level()

    at_once(
        *(
            partial(
                receive_stock,
                variant=level.variant,
                location=level.location,
                quantity=10,
                unit_cost=Decimal(cost),
                reference=make_reference("item_receipt"),
                line_id=uuid7(),
            )
            for cost in range(1, 9)
        )
    )

    assert quantities(level) == (80, 0, 0)
    # Each step rounds, and which step comes when is chance.
    assert level.average_cost == pytest.approx(Decimal("4.5"), abs=Decimal("0.00001"))
    assert violations() == []


@pytest.mark.parametrize("has_level", [True, False])
def test_a_location_is_closed_or_receives(has_level: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    location, variant = make_location(), make_variant()
    if has_level:
        make_level(variant=variant, location=location)
    receive = partial(
        receive_stock,
        variant=variant,
        location=location,
        quantity=1,
        unit_cost=Decimal(1),
        reference=make_reference("item_receipt"),
        line_id=uuid7(),
    )

    results = at_once(receive, partial(close_location, location), receive)

    refused = set(refusals(results))
    location.refresh_from_db()
    assert refused == (
        {LocationInUseError} if location.is_active else {LocationNotUsableError}
    )
    assert violations() == []


def test_adjustments_at_once_all_count() -> None:
    level = make_level(on_hand=10)
    take, add = (
        partial(adjust_stock, level=level, delta=delta, reason="stock-take")
        for delta in (-3, 1)
    )

    results = at_once(*[take] * 5, *[add] * 2)

    taken = 5 - len(refusals(results))
    assert set(refusals(results)) == {InsufficientStockError}
    assert quantities(level) == (10 + 2 - 3 * taken, 0, 0)
    assert violations() == []
