"""Work orders from plan to finished goods, and the ways they stop."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from inventory.errors import (
    BomMissingError,
    InsufficientStockError,
    InvalidDateError,
    InvalidQuantityError,
    OperationsOpenError,
    QuantityNotOpenError,
    WorkOrderStateError,
)
from inventory.models import StockReservation, StockTransaction, WorkOrder
from inventory.services.manufacturing import (
    BomLine,
    OperationPlan,
    cancel_work_order,
    close_work_order_short,
    complete_operation,
    complete_work_order,
    create_work_order,
    find_shortages,
    hold_work_order,
    material_cost,
    release_work_order,
    resume_work_order,
    skip_operation,
    start_operation,
    start_work_order,
)
from inventory.services.manufacturing.planning import work_order_reference
from inventory.services.stock import receive_stock, release_reservations
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.inventory.builders import (
    make_level,
    make_location,
    make_reference,
    make_variant,
    quantities,
)
from tests.inventory.manufacturing.builders import (
    component_level,
    made_level,
    make_active_bom,
    make_bom,
    make_running_order,
    make_work_order,
)

pytestmark = pytest.mark.django_db


def restock(order: WorkOrder, units: int) -> None:
    level = component_level(order)
    receive_stock(
        variant=level.variant,
        location=level.location,
        quantity=units,
        unit_cost=Decimal(3),
        reference=make_reference("opening"),
        line_id=level.pk,
    )


def test_an_order_is_planned_released_started_and_completed() -> None:
    order = make_work_order(10, on_hand=25)
    level = component_level(order)
    when = datetime(2026, 11, 20, 6, tzinfo=UTC)

    release_work_order(order)
    assert (order.status, quantities(level)) == ("ready", (25, 20, 0))
    start_work_order(order, at=when)
    assert (order.status, quantities(level)) == ("in_progress", (5, 0, 0))
    assert (order.actual_start, material_cost(order)) == (when, Decimal(60))
    complete_work_order(order, 10)

    order.refresh_from_db()
    assert (order.status, order.quantity_completed) == ("completed", 10)
    made = made_level(order)
    assert (made.on_hand, made.average_cost) == (10, Decimal(6))
    kinds = StockTransaction.objects.filter(
        reference_type="work_order", reference_id=order.pk
    ).order_by("id")
    assert list(kinds.values_list("transaction_type", flat=True)) == [
        "reserve",
        "allocate",
        "consume",
        "produce",
    ]


def test_an_order_keeps_the_bill_it_was_planned_with() -> None:
    order = make_work_order(10)
    make_active_bom(order.variant, make_variant())

    release_work_order(order)
    start_work_order(order)

    assert quantities(component_level(order)) == (0, 0, 0)


def test_a_variant_without_an_active_bill_is_not_made() -> None:
    variant = make_variant(sku="TABLE")
    draft = make_bom(variant)

    with pytest.raises(BomMissingError) as refused:
        create_work_order(variant=variant, quantity=1, location=make_location())
    assert str(refused.value) == (
        "TABLE can't be made.\n"
        "  why: it has no active bill of materials\n"
        "  fix: activate a revision of its bill first"
    )
    with pytest.raises(BomMissingError):
        create_work_order(
            variant=variant, quantity=1, location=make_location(), bom=draft
        )
    assert not WorkOrder.objects.exists()


def test_a_schedule_that_ends_before_it_starts_is_refused() -> None:
    bom = make_active_bom()

    with pytest.raises(InvalidDateError):
        create_work_order(
            variant=bom.variant,
            quantity=1,
            location=make_location(),
            scheduled_start=datetime(2026, 11, 20, tzinfo=UTC),
            scheduled_end=datetime(2026, 11, 19, tzinfo=UTC),
        )


def test_an_order_short_of_material_waits_and_says_for_what() -> None:
    order = make_work_order(10, on_hand=15, location=make_location(code="MAIN"))
    level = component_level(order)
    sku = level.variant.sku

    release_work_order(order)

    order.refresh_from_db()
    assert order.status == "pending_materials"
    assert order.status_reason == f"{sku} at MAIN: 20 wanted, 15 available"
    assert quantities(level) == (15, 0, 0)
    assert not StockReservation.objects.exists()
    event = Event.objects.get(event_type="work_order.materials_short")
    assert event.payload["shortages"] == [{"sku": sku, "wanted": 20, "available": 15}]
    assert [str(short) for short in find_shortages(order)] == [
        f"{sku} at MAIN: 20 wanted, 15 available"
    ]


def test_a_waiting_order_is_ready_once_material_came_in() -> None:
    order = release_work_order(make_work_order(10, on_hand=15))
    release_work_order(order)
    assert order.status == "pending_materials"
    restock(order, 5)

    release_work_order(order)

    order.refresh_from_db()
    assert (order.status, order.status_reason) == ("ready", "")
    assert find_shortages(order) == []


def test_components_that_are_services_are_passed_over() -> None:
    level = make_level(on_hand=2)
    bom = make_active_bom(
        lines=[
            BomLine(level.variant, Decimal(2)),
            BomLine(make_variant(is_stocked=False), Decimal(1)),
        ]
    )
    order = create_work_order(variant=bom.variant, quantity=1, location=level.location)

    start_work_order(release_work_order(order))

    assert quantities(level) == (0, 0, 0)


def test_material_released_by_hand_is_reserved_again_at_the_start() -> None:
    order = release_work_order(make_work_order(10))
    reference = work_order_reference(order)
    release_reservations(reference=reference, reason="needed elsewhere")

    start_work_order(order)

    assert quantities(component_level(order)) == (0, 0, 0)


def test_an_order_whose_material_went_elsewhere_does_not_start() -> None:
    order = release_work_order(make_work_order(10, on_hand=20))
    reference = work_order_reference(order)
    release_reservations(reference=reference, reason="needed elsewhere")
    other = create_work_order(
        variant=order.variant, quantity=1, location=order.location
    )
    release_work_order(other)

    with pytest.raises(InsufficientStockError):
        start_work_order(order)

    order.refresh_from_db()
    assert order.status == "ready"
    assert quantities(component_level(order)) == (20, 2, 0)


def test_only_a_ready_order_starts() -> None:
    order = make_work_order()

    with pytest.raises(WorkOrderStateError) as refused:
        start_work_order(order)

    assert str(refused.value) == (
        f"Work order {order} was not started.\n"
        "  why: it is planned, not ready\n"
        "  fix: release it first, or resume it if it is on hold"
    )


def test_parts_of_an_order_carry_the_whole_material_cost() -> None:
    order = make_running_order(7, on_hand=14, unit_cost=Decimal("1.43"))

    complete_work_order(order, 2)
    assert (order.status, order.quantity_completed) == ("in_progress", 2)
    complete_work_order(order, 3)
    complete_work_order(order, 2)

    made = StockTransaction.objects.filter(transaction_type="produce")
    booked = sum(
        (entry.on_hand_delta * (entry.unit_cost or 0) for entry in made), Decimal(0)
    )
    assert booked == Decimal("20.02")
    assert order.status == "completed"


def test_scrapped_units_make_the_good_ones_dearer() -> None:
    order = make_running_order(10)

    complete_work_order(order, 5, scrapped=5)

    assert (order.status, order.quantity_scrapped) == ("completed", 5)
    made = made_level(order)
    assert (made.on_hand, made.average_cost) == (5, Decimal(12))


def test_an_order_may_be_scrapped_whole() -> None:
    order = make_running_order(10)

    complete_work_order(order, 0, scrapped=10)

    assert order.status == "completed"
    assert not StockTransaction.objects.filter(transaction_type="produce").exists()


def test_more_than_planned_is_not_made() -> None:
    order = make_running_order(10)
    complete_work_order(order, 4)

    with pytest.raises(QuantityNotOpenError) as refused:
        complete_work_order(order, 6, scrapped=1)

    assert str(refused.value) == (
        f"Nothing was made on work order {order}.\n"
        "  why: 7 were made, 6 are open of the 10 planned\n"
        "  fix: enter at most what is open; plan another work order for the rest"
    )
    assert made_level(order).on_hand == 4


@pytest.mark.parametrize(("good", "scrapped"), [(0, 0), (-1, 0), (2, -1)])
def test_making_nothing_is_refused(good, scrapped) -> None:
    order = make_running_order(10)

    with pytest.raises(InvalidQuantityError) as refused:
        complete_work_order(order, good, scrapped=scrapped)

    assert refused.value.why == f"{good} good and {scrapped} scrapped units were given"


def test_goods_are_not_made_before_the_order_started() -> None:
    order = make_running_order(10)

    with pytest.raises(InvalidDateError):
        complete_work_order(order, 10, at=datetime(2020, 1, 1, tzinfo=UTC))


def test_goods_are_made_by_running_orders_only() -> None:
    order = release_work_order(make_work_order())

    with pytest.raises(WorkOrderStateError) as refused:
        complete_work_order(order, 10)

    assert refused.value.why == "it is ready, not in progress"


def test_the_last_units_need_every_step_done() -> None:
    order = make_running_order(
        10, operations=[OperationPlan("Saw"), OperationPlan("Paint")]
    )
    saw, paint = order.operations.order_by("sequence")
    complete_work_order(order, 9)
    complete_operation(start_operation(saw))

    with pytest.raises(OperationsOpenError) as refused:
        complete_work_order(order, 1)

    assert str(refused.value) == (
        f"Nothing was made on work order {order}.\n"
        "  why: these are its last units, and steps are open: 20 Paint\n"
        "  fix: complete or skip the steps first"
    )
    assert made_level(order).on_hand == 9
    skip_operation(paint, reason="bare wood is ordered")
    complete_work_order(order, 1)
    assert order.status == "completed"


def test_a_held_order_goes_on_from_where_it_was() -> None:
    order = release_work_order(make_work_order())

    hold_work_order(order, reason="saw is broken")
    assert (order.status, order.held_from) == ("on_hold", "ready")
    with pytest.raises(WorkOrderStateError):
        start_work_order(order)
    with pytest.raises(WorkOrderStateError):
        release_work_order(order)
    resume_work_order(order)
    assert (order.status, order.held_from, order.status_reason) == ("ready", "", "")

    start_work_order(order)
    hold_work_order(order, reason="saw is broken")
    resume_work_order(order)
    assert order.status == "in_progress"


def test_an_order_that_is_not_held_is_not_resumed() -> None:
    with pytest.raises(WorkOrderStateError) as refused:
        resume_work_order(make_work_order())

    assert refused.value.why == "it is planned, not on hold"


def test_a_cancelled_order_gives_its_material_back() -> None:
    order = release_work_order(make_work_order(10))

    cancel_work_order(order, reason="not sold")

    assert (order.status, order.status_reason) == ("cancelled", "not sold")
    assert quantities(component_level(order)) == (20, 0, 0)


def test_an_order_under_way_is_closed_short_and_not_cancelled() -> None:
    order = make_running_order(10, operations=[OperationPlan("Saw")])
    with pytest.raises(InvalidTransitionError):
        cancel_work_order(order, reason="not sold")
    complete_work_order(order, 4)

    close_work_order_short(order, reason="not sold")

    order.refresh_from_db()
    assert (order.status, order.quantity_completed) == ("closed_short", 4)
    step = order.operations.get()
    assert (step.status, step.notes) == ("skipped", "not sold")
    event = Event.objects.get(event_type="work_order.closed_short")
    assert Decimal(event.payload["unabsorbed_cost"]) == Decimal(36)


def test_an_order_with_a_running_step_is_not_closed() -> None:
    order = make_running_order(10, operations=[OperationPlan("Saw")])
    start_operation(order.operations.get())

    with pytest.raises(OperationsOpenError) as refused:
        close_work_order_short(order, reason="not sold")

    assert refused.value.why == "step 10 Saw is running"
