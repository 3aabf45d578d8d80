"""Many at once, on real connections: nothing is oversold, and the books agree."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from inventory.errors import (
    AlreadyPromisedError,
    InsufficientStockError,
)
from inventory.models import StockReservation
from inventory.services.stock import (
    allocate_reservations,
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
from tests.inventory.stock.asking import buyer
from tests.inventory.stock.books import violations
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_one_reservation_goes_to_one_pick() -> None:
    level = make_level(on_hand=5)
    order = make_reference()
    reserve_stock(
        location=level.location, demands=[make_demand(level, 5)], reference=order
    )

    results = at_once(
        *(
            partial(
                allocate_reservations,
                reservations_of=order,
                to=make_reference("fulfillment_order"),
            )
            for _ in range(4)
        )
    )

    assert sorted(len(made) for made in results) == [0, 0, 0, 1]
    assert quantities(level) == (5, 0, 5)
    assert violations() == []
