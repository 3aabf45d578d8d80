"""The steps of a work order: in their order, while it runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from inventory.errors import (
    InvalidDateError,
    OperationSequenceError,
    ReasonMissingError,
    WorkOrderStateError,
)
from inventory.models import WorkOrder, WorkOrderOperation
from inventory.services.manufacturing import (
    OperationPlan,
    complete_operation,
    hold_work_order,
    skip_operation,
    start_operation,
)
from stateset.lib.states import InvalidTransitionError
from tests.inventory.manufacturing.builders import make_running_order, make_work_order

pytestmark = pytest.mark.django_db

STEPS = (OperationPlan("Saw", "Yard", 30), OperationPlan("Paint", "Shop", 60))


def steps_of(order: WorkOrder) -> list[WorkOrderOperation]:
    return list(order.operations.order_by("sequence"))


def test_steps_are_done_one_after_the_other() -> None:
    saw, paint = steps_of(make_running_order(operations=STEPS))

    with pytest.raises(OperationSequenceError) as refused:
        start_operation(paint)
    assert str(refused.value) == (
        f"Step {paint} was not started.\n"
        "  why: step 10 Saw comes before it and is pending\n"
        "  fix: complete or skip that step first"
    )

    skip_operation(saw, reason="cut by the supplier")
    start_operation(paint)
    assert (saw.status, saw.notes) == ("skipped", "cut by the supplier")
    assert paint.status == "in_progress"


def test_a_step_takes_as_long_as_it_was_open_unless_told() -> None:
    saw, paint = steps_of(make_running_order(operations=STEPS))
    begin = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    end = datetime(2026, 11, 23, 8, 42, tzinfo=UTC)

    complete_operation(start_operation(saw, at=begin), at=end)
    complete_operation(start_operation(paint, at=begin), minutes=15, at=end)

    saw.refresh_from_db()
    paint.refresh_from_db()
    assert (saw.actual_minutes, saw.started_at, saw.completed_at) == (42, begin, end)
    assert paint.actual_minutes == 15


def test_a_step_does_not_end_before_it_began() -> None:
    saw, _ = steps_of(make_running_order(operations=STEPS))
    start_operation(saw)

    with pytest.raises(InvalidDateError):
        complete_operation(saw, at=datetime(2020, 1, 1, tzinfo=UTC))


def test_steps_are_done_while_the_order_runs() -> None:
    (saw, _) = steps_of(make_work_order(operations=STEPS))
    with pytest.raises(WorkOrderStateError) as refused:
        start_operation(saw)
    assert refused.value.why == "it is planned, not in progress"

    order = make_running_order(operations=STEPS)
    held, _ = steps_of(order)
    hold_work_order(order, reason="saw is broken")
    with pytest.raises(WorkOrderStateError):
        start_operation(held)


def test_a_step_that_began_is_not_skipped() -> None:
    saw, _ = steps_of(make_running_order(operations=STEPS))
    start_operation(saw)

    with pytest.raises(InvalidTransitionError):
        skip_operation(saw, reason="not needed")


def test_skipping_needs_a_reason() -> None:
    saw, _ = steps_of(make_running_order(operations=STEPS))

    with pytest.raises(ReasonMissingError):
        skip_operation(saw, reason="")

    saw.refresh_from_db()
    assert saw.status == "pending"
