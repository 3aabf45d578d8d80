"""Two at once, on real connections: no ring, nothing taken or made twice."""

from __future__ import annotations

import pytest

from inventory.errors import BomCycleError
from inventory.models import BillOfMaterials, WorkOrder
from inventory.services.manufacturing import (
    activate_bom,
    complete_work_order,
    create_work_order,
    release_work_order,
    start_work_order,
)
from stateset.system.services.transitions import ChangedMeanwhileError
from tests.inventory.builders import make_variant, quantities
from tests.inventory.manufacturing.builders import (
    component_level,
    made_level,
    make_bom,
    make_running_order,
    make_work_order,
)
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def copies(order: WorkOrder) -> tuple[WorkOrder, WorkOrder]:
    """Return the order as two people have it on their screens."""
    first, second = (WorkOrder.objects.get(pk=order.pk) for _ in range(2))
    return first, second


def test_two_bills_that_close_a_ring_together_are_not_both_activated() -> None:
    table, frame = make_variant(), make_variant()
    one, other = make_bom(table, frame), make_bom(frame, table)

    results = at_once(lambda: activate_bom(one), lambda: activate_bom(other))

    assert refusals(results) == [BomCycleError]
    assert BillOfMaterials.objects.filter(status="active").count() == 1


def test_four_bills_that_close_a_ring_together_are_not_all_activated() -> None:
    ring = [make_variant() for _ in range(4)]
    bills = [
        make_bom(variant, component)
        for variant, component in zip(ring, [*ring[1:], ring[0]], strict=True)
    ]

    results = at_once(*[lambda bill=bill: activate_bom(bill) for bill in bills])

    assert refusals(results) == [BomCycleError]


def test_of_two_revisions_activated_at_once_one_is_in_force() -> None:
    table = make_variant()
    bills = [make_bom(table), make_bom(table)]

    results = at_once(*[lambda bill=bill: activate_bom(bill) for bill in bills])

    assert refusals(results) == []
    statuses = BillOfMaterials.objects.filter(variant=table).order_by("status")
    assert [bill.status for bill in statuses] == ["active", "obsolete"]


def test_material_for_one_goes_to_one_of_two_orders() -> None:
    order = make_work_order(10, on_hand=30)
    other = create_work_order(
        variant=order.variant, quantity=10, location=order.location
    )

    at_once(lambda: release_work_order(order), lambda: release_work_order(other))

    assert sorted(WorkOrder.objects.values_list("status", flat=True)) == [
        "pending_materials",
        "ready",
    ]
    assert quantities(component_level(order)) == (30, 20, 0)


def test_an_order_started_twice_at_once_takes_its_material_once() -> None:
    one, other = copies(release_work_order(make_work_order(10, on_hand=40)))

    results = at_once(lambda: start_work_order(one), lambda: start_work_order(other))

    assert refusals(results) == [ChangedMeanwhileError]
    assert quantities(component_level(one)) == (20, 0, 0)


def test_units_reported_twice_at_once_are_made_once() -> None:
    one, other = copies(make_running_order(10))

    results = at_once(
        lambda: complete_work_order(one, 10), lambda: complete_work_order(other, 10)
    )

    assert refusals(results) == [ChangedMeanwhileError]
    assert made_level(one).on_hand == 10
