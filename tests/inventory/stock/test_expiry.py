"""What ran out keeps nobody out, in any flow, although no job ran; people see it so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from uuid_utils.compat import uuid7

from inventory.errors import (
    CountBelowPromisesError,
    InsufficientStockError,
    InventoryError,
)
from inventory.models import StockLevel, StockReservation, WorkOrder
from inventory.services.manufacturing import (
    create_work_order,
    find_shortages,
    release_work_order,
)
from inventory.services.stock import (
    Reference,
    adjust_stock,
    allocate_reservations,
    count_stock,
    hold_stock,
    release_reservations,
    reserve_stock,
    reverse_received_stock,
    take_available,
    transfer_stock,
)
from inventory.tiles import low_stock
from orders.admin.order_actions import stock_facts
from orders.services import OrderLine, confirm_order, place_order
from stateset.system.models import Event
from tests.inventory.builders import (
    make_demand,
    make_level,
    make_location,
    make_reference,
    quantities,
)
from tests.inventory.manufacturing.builders import make_active_bom
from tests.inventory.stock.asking import ran_out
from tests.inventory.stock.books import ledger, violations
from tests.orders.builders import make_customer
from tests.pages import action_url, change_url, list_url, staff

pytestmark = pytest.mark.django_db

Flow = Callable[[StockLevel, int], Any]


def reserve(level: StockLevel, units: int, expires_at: datetime | None) -> Reference:
    """Reserve units for a new order and return its reference."""
    reference = make_reference()
    reserve_stock(
        location=level.location,
        demands=[make_demand(level, units)],
        reference=reference,
        expires_at=expires_at,
    )
    return reference


def reserve_for_another(level: StockLevel, units: int) -> None:
    reserve(level, units, None)


def hold(level: StockLevel, units: int) -> None:
    hold_stock(level=level, quantity=units, reason="for a friend")


def sell_over_the_counter(level: StockLevel, units: int) -> None:
    take_available(
        location=level.location,
        demands=[make_demand(level, units)],
        reference=make_reference("cash_sale"),
    )


def scrap(level: StockLevel, units: int) -> None:
    take_available(
        location=level.location,
        demands=[make_demand(level, units)],
        reference=make_reference("adjustment"),
        kind="scrap",
        reason="broken",
    )


def transfer(level: StockLevel, units: int) -> None:
    transfer_stock(
        variant=level.variant,
        source=level.location,
        target=make_location(),
        quantity=units,
    )


def adjust(level: StockLevel, units: int) -> None:
    adjust_stock(level=level, delta=-units, reason="lost")


def count(level: StockLevel, units: int) -> None:
    level.refresh_from_db()
    count_stock(level=level, counted=level.on_hand - units, reason="stock-take")


def reverse(level: StockLevel, units: int) -> None:
    reverse_received_stock(
        variant=level.variant,
        location=level.location,
        quantity=units,
        unit_cost=Decimal(1),
        reference=make_reference("item_receipt"),
        line_id=uuid7(),
        reason="another supplier's",
    )


def confirm(level: StockLevel, units: int) -> None:
    order = place_order(
        customer=make_customer(),
        lines=[OrderLine(level.variant, units)],
        location=level.location,
    )
    confirm_order(order)


FLOWS: list[Flow] = [
    reserve_for_another,
    hold,
    sell_over_the_counter,
    scrap,
    transfer,
    adjust,
    count,
    reverse,
    confirm,
]


@pytest.mark.parametrize("flow", FLOWS)
def test_what_ran_out_gives_way_before_any_job_runs(flow: Flow) -> None:
    level = make_level(on_hand=5)
    ran_out(level, 4)

    flow(level, 3)

    level.refresh_from_db()
    assert level.available == 2
    expired = StockReservation.objects.get(status="expired")
    assert (expired.quantity_released, expired.close_reason) == (4, "expired")
    assert ("release", 0, -4, 0) in ledger(level)
    assert Event.objects.filter(
        event_type="reservation.expired", aggregate_id=expired.pk
    ).exists()
    assert violations() == []


@pytest.mark.parametrize("flow", FLOWS)
def test_where_it_is_not_enough_nothing_gives_way(flow: Flow) -> None:
    level = make_level(on_hand=5)
    ran_out(level, 2)
    reserve(level, 3, timezone.now() + timedelta(hours=1))
    before = ledger(level)

    with pytest.raises(InventoryError) as refusal:
        flow(level, 3)

    assert quantities(level) == (5, 5, 0)
    assert ledger(level) == before
    assert StockReservation.objects.active().count() == 2
    assert isinstance(refusal.value, InsufficientStockError | CountBelowPromisesError)
    if isinstance(refusal.value, InsufficientStockError):
        assert [short.available for short in refusal.value.shortages] == [2]


@pytest.mark.parametrize("flow", FLOWS)
def test_where_enough_is_there_what_ran_out_is_left_alone(flow: Flow) -> None:
    level = make_level(on_hand=5)
    ran_out(level, 2)

    flow(level, 3)

    assert StockReservation.objects.active().filter(level=level).exists()
    assert violations() == []


def test_materials_that_ran_out_go_to_the_work_order() -> None:
    level = make_level(on_hand=4)
    ran_out(level, 4)
    bom = make_active_bom(None, level.variant)
    order = create_work_order(variant=bom.variant, quantity=2, location=level.location)
    assert find_shortages(order) == []

    release_work_order(order)

    assert order.status == WorkOrder.Status.READY
    assert violations() == []


def test_many_batches_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.services.stock.ledger.EXPIRED_AT_ONCE", 2)
    level = make_level(on_hand=5)
    for _ in range(5):
        ran_out(level, 1)

    reserve_for_another(level, 5)

    assert quantities(level) == (5, 5, 0)
    assert violations() == []


def test_no_more_gives_way_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.services.stock.ledger.EXPIRED_AT_ONCE", 1)
    level = make_level(on_hand=3)
    for _ in range(3):
        ran_out(level, 1)

    reserve_for_another(level, 2)

    assert StockReservation.objects.filter(status="expired").count() == 2
    assert violations() == []


def test_a_document_s_own_rows_do_not_give_way_to_it() -> None:
    level = make_level(on_hand=3)

    with pytest.raises(InsufficientStockError):
        ran_out(level, 4)

    assert quantities(level) == (3, 0, 0)
    assert not StockReservation.objects.exists()


def test_nobody_else_came_so_the_document_still_has_its_units() -> None:
    level = make_level(on_hand=5)
    order, other = ran_out(level, 2), ran_out(level, 3)

    (allocation,) = allocate_reservations(
        reservations_of=order, to=make_reference("fulfillment_order")
    )

    assert allocation.quantity == 2
    assert release_reservations(reference=other, reason="cancelled") == 3
    assert quantities(level) == (5, 0, 2)
    assert violations() == []


def test_somebody_else_came_so_there_is_nothing_to_allocate() -> None:
    level = make_level(on_hand=5)
    order = ran_out(level, 5)
    reserve_for_another(level, 1)

    pick = make_reference("fulfillment_order")
    assert allocate_reservations(reservations_of=order, to=pick) == []
    assert release_reservations(reference=order, reason="cancelled") == 0
    assert quantities(level) == (5, 1, 0)


# What people see.


def rows(client: Client, **params: str) -> list[StockLevel]:
    response = client.get(list_url(StockLevel), params)
    return list(response.context["cl"].result_list)


def test_the_list_counts_what_ran_out_as_available() -> None:
    level = make_level(on_hand=5)
    ran_out(level, 4)

    (row,) = rows(staff())

    assert (row.held, row.free) == (0, 5)  # type: ignore[attr-defined]  # with_free


def test_presets_and_filters_count_what_ran_out_as_available() -> None:
    full, empty, held = (make_level(on_hand=5) for _ in range(3))
    ran_out(full, 4)
    ran_out(empty, 1)
    reserve_for_another(empty, 4)
    reserve_for_another(held, 5)
    client = staff()

    assert rows(client, preset="out") == [held]
    assert set(rows(client, available_to="1")) == {empty, held}
    assert rows(client, available_to="0") == [held]
    assert set(rows(client, available_from="1")) == {full, empty}
    assert rows(client, available_from="2", available_to="5") == [full]


def test_the_list_costs_the_same_however_many_rows_ran_out(
    django_assert_max_num_queries: Any,
) -> None:
    client = staff()
    rows(client)
    for _ in range(3):
        ran_out(make_level(on_hand=1), 1)
    with django_assert_max_num_queries(20) as few:
        rows(client)
    for _ in range(5):
        ran_out(make_level(on_hand=1), 1)

    with django_assert_max_num_queries(len(few)):
        rows(client)


def test_stock_is_not_low_because_of_what_ran_out() -> None:
    level = make_level(on_hand=5, reorder_point=3)
    still = make_level(on_hand=5, reorder_point=5)
    ran_out(level, 4)
    ran_out(still, 4)

    assert low_stock().value == "1"
    assert list(StockLevel.objects.low(timezone.now())) == [still]


def test_a_level_s_page_offers_what_ran_out() -> None:
    level = make_level(on_hand=5)
    ran_out(level, 5)
    client = staff()

    page = client.get(change_url(level))
    transfer_page = client.get(action_url(level, "transfer"))

    assert "/do/scrap/" in page.content.decode()
    assert transfer_page.status_code == 200
    assert "<dd>5</dd>" in "".join(transfer_page.content.decode().split())


def test_an_order_is_told_what_it_would_get() -> None:
    level = make_level(on_hand=5)
    ran_out(level, 4)
    order = place_order(
        customer=make_customer(),
        lines=[OrderLine(level.variant, 3)],
        location=level.location,
    )

    assert list(stock_facts(order)) == [(level.variant.sku, "3 ordered, 5 available")]
