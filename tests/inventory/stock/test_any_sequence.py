"""Whatever is done to stock, in whatever order: a few lines of Python foresee it.

Hypothesis calls the services at random, with a clock that moves, and shortens what
fails. A plain model says what each call must come to: done, or refused with nothing
changed. After every call levels and promises are as the model has them, and no rule
of the inventory is broken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
)
from uuid_utils.compat import uuid7

from inventory.errors import CountBelowPromisesError, InsufficientStockError
from inventory.invariants import invariants
from inventory.models import (
    StockAllocation,
    StockLevel,
    StockReservation,
    StockTransaction,
)
from inventory.services.stock import (
    Demand,
    Reference,
    adjust_stock,
    allocate_reservations,
    count_stock,
    expire_reservations,
    hold_stock,
    receive_stock,
    release_allocations,
    release_reservations,
    reserve_available,
    reserve_stock,
    take_allocated,
    take_available,
    transfer_stock,
)
from stateset.system.models import Event, OutboxMessage
from tests.inventory.builders import (
    make_level,
    make_location,
    make_reference,
    make_variant,
)
from tests.inventory.stock.foreseen import Foreseen, Promise
from tests.property import Books, any_sequence

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
VARIANTS, PLACES, AT_FIRST = 2, 2, 8

some_level = st.integers(0, VARIANTS * PLACES - 1)
some_units = st.integers(1, 9)
some_hours = st.none() | st.integers(1, 4)
any_of_them = st.integers(0, 99)


class Goods:
    """The levels the calls are about, made once; each history is rolled back."""

    levels: list[StockLevel] = []
    foreseen = Foreseen(START)


class AnySequence(Books):
    """The services on one side, the model on the other."""

    invariants_of = (invariants,)
    watched = (
        StockTransaction,
        StockReservation,
        StockAllocation,
        Event,
        OutboxMessage,
    )

    def __init__(self) -> None:
        super().__init__()
        self.foreseen = Goods.foreseen = Foreseen(START)
        self.foreseen.on_hand.update(dict.fromkeys(range(len(Goods.levels)), AT_FIRST))
        self.last_receipt: dict[str, Any] = {}

    # How a call is made.

    def needing(
        self,
        wanted: dict[int, int],
        call: Callable[[], Any],
        refused: type[Exception] = InsufficientStockError,
    ) -> bool:
        """Make a call that needs units of levels; return whether it was done."""
        if any(self.foreseen.free(level) < units for level, units in wanted.items()):
            self.refuses(call, refused)
            return False
        for level, units in wanted.items():
            if self.foreseen.available(level) < units:
                self.foreseen.forget_overdue(level)
        call()
        return True

    # The calls.

    @rule(
        level=some_level, units=some_units, kind=st.sampled_from(["receive", "return"])
    )
    def receive(self, level: int, units: int, kind: str) -> None:
        row = Goods.levels[level]
        self.last_receipt = {
            "variant": row.variant,
            "location": row.location,
            "quantity": units,
            "unit_cost": Decimal(units),
            "reference": make_reference("item_receipt"),
            "line_id": uuid7(),
            "kind": kind,
            "idempotency_key": str(uuid7()),
        }
        receive_stock(**self.last_receipt)
        self.foreseen.on_hand[level] += units

    @precondition(lambda self: self.last_receipt)
    @rule()
    def receive_with_the_same_key(self) -> None:
        before = self.contents()
        receive_stock(**self.last_receipt)
        assert self.contents() == before

    @rule(level=some_level, delta=st.integers(-9, 9).filter(bool))
    def adjust(self, level: int, delta: int) -> None:
        row = Goods.levels[level]
        if self.needing(
            {level: -delta},
            lambda: adjust_stock(level=row, delta=delta, reason="found so"),
        ):
            self.foreseen.on_hand[level] += delta

    @rule(level=some_level, counted=st.integers(0, 15))
    def count(self, level: int, counted: int) -> None:
        row = Goods.levels[level]
        if self.needing(
            {level: self.foreseen.on_hand[level] - counted},
            lambda: count_stock(level=row, counted=counted, reason="stock-take"),
            refused=CountBelowPromisesError,
        ):
            self.foreseen.on_hand[level] = counted

    @rule(level=some_level, units=some_units)
    def transfer(self, level: int, units: int) -> None:
        target = level ^ 1
        row = Goods.levels[level]
        if self.needing(
            {level: units},
            lambda: transfer_stock(
                variant=row.variant,
                source=row.location,
                target=Goods.levels[target].location,
                quantity=units,
            ),
        ):
            self.foreseen.on_hand[level] -= units
            self.foreseen.on_hand[target] += units

    @rule(
        place=st.integers(0, PLACES - 1),
        units=st.dictionaries(st.integers(0, VARIANTS - 1), some_units, min_size=1),
        hours=some_hours,
    )
    def reserve(self, place: int, units: dict[int, int], hours: int | None) -> None:
        promise = Promise(
            {variant * PLACES + place: count for variant, count in units.items()},
            self.foreseen.now + timedelta(hours=hours) if hours else None,
        )
        if self.needing(
            promise.units,
            lambda: reserve_stock(
                location=Goods.levels[place].location,
                demands=[
                    Demand(Goods.levels[level].variant_id, count, uuid7())
                    for level, count in promise.units.items()
                ],
                reference=promise.reference,
                expires_at=promise.expires_at,
            ),
        ):
            self.foreseen.reserved.append(promise)

    @rule(level=some_level, units=some_units)
    def reserve_what_is_there(self, level: int, units: int) -> None:
        if self.foreseen.available(level) < units:
            self.foreseen.forget_overdue(level)
        there = min(units, self.foreseen.available(level))
        reference, line_id = make_reference(), uuid7()
        gained = reserve_available(
            location=Goods.levels[level].location,
            demands=[Demand(Goods.levels[level].variant_id, units, line_id)],
            reference=reference,
        )
        assert gained == ({line_id: there} if there else {})
        if there:
            self.foreseen.reserved.append(Promise({level: there}, None, reference))

    @rule(level=some_level, units=some_units, hours=some_hours)
    def hold(self, level: int, units: int, hours: int | None) -> None:
        until = self.foreseen.now + timedelta(hours=hours) if hours else None
        made: list[StockReservation] = []
        if self.needing(
            {level: units},
            lambda: made.append(
                hold_stock(
                    level=Goods.levels[level],
                    quantity=units,
                    reason="kept for a friend",
                    until=until,
                )
            ),
        ):
            reference = Reference(made[0].reference_type, made[0].reference_id)
            self.foreseen.reserved.append(Promise({level: units}, until, reference))

    @precondition(lambda self: self.foreseen.reserved)
    @rule(which=any_of_them)
    def release(self, which: int) -> None:
        promise = self.foreseen.reserved.pop(which % len(self.foreseen.reserved))
        released = release_reservations(reference=promise.reference, reason="changed")
        assert released == sum(promise.units.values())

    @precondition(lambda self: self.foreseen.reserved)
    @rule(which=any_of_them)
    def allocate(self, which: int) -> None:
        promise = self.foreseen.reserved.pop(which % len(self.foreseen.reserved))
        pick = Promise(promise.units, reference=make_reference("fulfillment_order"))
        made = allocate_reservations(
            reservations_of=promise.reference, to=pick.reference
        )
        assert len(made) == len(promise.units)
        self.foreseen.allocated.append(pick)

    @precondition(lambda self: self.foreseen.allocated)
    @rule(which=any_of_them)
    def deallocate(self, which: int) -> None:
        pick = self.foreseen.allocated.pop(which % len(self.foreseen.allocated))
        released = release_allocations(reference=pick.reference, reason="not picked")
        assert released == sum(pick.units.values())

    @precondition(lambda self: any(pick.units for pick in self.foreseen.allocated))
    @rule(which=any_of_them, units=some_units)
    def ship(self, which: int, units: int) -> None:
        picks = [pick for pick in self.foreseen.allocated if pick.units]
        pick = picks[which % len(picks)]
        level = min(pick.units)
        units = min(units, pick.units[level])
        allocation = StockAllocation.objects.open().get(
            reference_id=pick.reference.id, level=Goods.levels[level]
        )
        take_allocated(
            quantities={allocation.pk: units}, reference=make_reference("shipment")
        )
        self.foreseen.on_hand[level] -= units
        pick.units[level] -= units
        if not pick.units[level]:
            del pick.units[level]

    @rule(level=some_level, units=some_units, kind=st.sampled_from(["ship", "scrap"]))
    def take(self, level: int, units: int, kind: str) -> None:
        row = Goods.levels[level]
        if self.needing(
            {level: units},
            lambda: take_available(
                location=row.location,
                demands=[Demand(row.variant_id, units, uuid7())],
                reference=make_reference("cash_sale"),
                kind=kind,
                reason="over the counter, or broken",
            ),
        ):
            self.foreseen.on_hand[level] -= units

    @rule(hours=st.integers(1, 3))
    def wait(self, hours: int) -> None:
        self.foreseen.now += timedelta(hours=hours, seconds=1)

    @rule()
    def expire(self) -> None:
        levels = range(len(Goods.levels))
        overdue = sum(len(self.foreseen.overdue(level)) for level in levels)
        assert expire_reservations(at=self.foreseen.now) == overdue
        for level in levels:
            self.foreseen.forget_overdue(level)

    # What must hold after each.

    @invariant()
    def levels_are_as_foreseen(self) -> None:
        found = StockLevel.objects.with_free(self.foreseen.now).in_bulk()
        assert [
            (row.on_hand, row.reserved, row.allocated, row.free)
            for row in (found[level.pk] for level in Goods.levels)
        ] == [self.foreseen.numbers(level) for level in range(len(Goods.levels))]

    @invariant()
    def promises_are_as_foreseen(self) -> None:
        assert open_units(StockReservation.objects.active()) == units(
            self.foreseen.reserved
        )
        assert open_units(StockAllocation.objects.open()) == units(
            self.foreseen.allocated
        )


def units(promises: list[Promise]) -> Counter[tuple[UUID, UUID]]:
    """Return the units the model has, by document and level."""
    return Counter(
        {
            (promise.reference.id, Goods.levels[level].pk): count
            for promise in promises
            for level, count in promise.units.items()
        }
    )


def open_units(rows: Any) -> Counter[tuple[UUID, UUID]]:
    """Return the units that rows hold, by document and level."""
    return Counter(
        {(row.reference_id, row.level_id): row.open_quantity for row in rows}
    )


@pytest.fixture
def goods(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make levels of a few variants at two places; the clock is the model's."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: Goods.foreseen.now)
    places = [make_location() for _ in range(PLACES)]
    variants = [make_variant() for _ in range(VARIANTS)]
    Goods.levels = [
        make_level(variant=variant, location=place, on_hand=AT_FIRST)
        for variant in variants
        for place in places
    ]
    yield
    Goods.levels = []


@pytest.mark.long
@pytest.mark.usefixtures("goods")
def test_any_sequence_of_calls_keeps_the_books() -> None:
    any_sequence(AnySequence)
