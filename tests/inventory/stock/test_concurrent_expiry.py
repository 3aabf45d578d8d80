"""What ran out, asked for by many at once: given once, and nobody waits for ever."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from inventory.errors import (
    InsufficientStockError,
)
from inventory.models import StockReservation
from inventory.services.stock import (
    adjust_stock,
    allocate_reservations,
    expire_reservations,
    release_reservations,
    reserve_stock,
    transfer_stock,
)
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    quantities,
)
from tests.inventory.stock.asking import buyer, ran_out
from tests.inventory.stock.books import ledger, violations
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


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
    ran_out(level, 4)

    results = at_once(*(buyer(level) for _ in range(8)))

    assert refusals(results) == [InsufficientStockError] * 4
    assert quantities(level) == (4, 4, 0)
    assert violations() == []


def test_every_flow_at_once_finds_what_ran_out() -> None:
    here, there = make_level(on_hand=8), make_location()
    for _ in range(8):
        ran_out(here, 1)
    move = partial(
        transfer_stock,
        variant=here.variant,
        source=here.location,
        target=there,
        quantity=1,
    )
    lose = partial(adjust_stock, level=here, delta=-1, reason="lost")

    results = at_once(*[move] * 4, *[lose] * 4, *(buyer(here) for _ in range(4)))

    assert refusals(results) == [InsufficientStockError] * 4
    here.refresh_from_db()
    assert here.available == 0
    assert violations() == []


def test_the_job_and_the_buyers_do_not_block_each_other() -> None:
    place = make_location()
    levels = [make_level(location=place, on_hand=4) for _ in range(3)]
    for level in levels:
        for _ in range(4):
            ran_out(level, 1)
    jobs = [partial(expire_reservations, at=timezone.now())] * 2

    results = at_once(
        *jobs,
        *(buyer(*levels) for _ in range(3)),
        *(buyer(*levels[::-1]) for _ in range(3)),
    )

    assert refusals(results) == [InsufficientStockError] * 2
    assert [quantities(level) for level in levels] == [(4, 4, 0)] * 3
    assert violations() == []


def test_of_who_let_it_run_out_and_who_came_after_one_has_the_units() -> None:
    level = make_level(on_hand=1)
    late, pick = ran_out(level, 1), make_reference("fulfillment_order")

    kept, bought = at_once(
        partial(allocate_reservations, reservations_of=late, to=pick), buyer(level)
    )

    was_refused = isinstance(bought, InsufficientStockError)
    assert len(kept) == was_refused
    assert quantities(level) == ((1, 0, 1) if was_refused else (1, 1, 0))
    assert violations() == []
