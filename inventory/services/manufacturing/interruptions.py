"""Stop a work order: for a while, before it began, or short of its plan."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from inventory.errors import OperationsOpenError, WorkOrderStateError
from inventory.models import WorkOrder, WorkOrderOperation
from inventory.services.manufacturing.planning import work_order_reference
from inventory.services.manufacturing.production import (
    cost_left,
    require_after_start,
)
from inventory.services.reasons import require_reason
from inventory.services.stock import release_reservations
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.locks import claim_row


def hold_work_order(
    order: WorkOrder, *, reason: str, at: datetime | None = None
) -> WorkOrder:
    """Stop a ready or running order; it keeps its materials."""
    require_reason(reason, f"Work order {order} was not put on hold.")
    with business_transaction(reason=reason):
        return change_status(
            order,
            WorkOrder.Status.ON_HOLD,
            event_type="work_order.held",
            at=at,
            payload={"reason": reason},
            held_from=order.status,
            status_reason=reason[:255],
        )


def resume_work_order(order: WorkOrder, *, at: datetime | None = None) -> WorkOrder:
    """Let the order go on from where it was held."""
    if order.status != WorkOrder.Status.ON_HOLD:
        raise WorkOrderStateError(
            f"Work order {order} was not resumed.",
            why=f"it is {order.get_status_display().lower()}, not on hold",
            fix="reload the page; there is nothing to resume",
        )
    with business_transaction(reason="work order resumed"):
        return change_status(
            order,
            order.held_from,
            event_type="work_order.resumed",
            at=at,
            held_from="",
            status_reason="",
        )


def cancel_work_order(
    order: WorkOrder, *, reason: str, at: datetime | None = None
) -> WorkOrder:
    """Cancel an order that has not begun, and give its materials back."""
    require_reason(reason, f"Work order {order} was not cancelled.")
    with business_transaction(reason=reason):
        claim_row(order)
        require_transition(order, WorkOrder.Status.CANCELLED)
        release_reservations(
            reference=work_order_reference(order), reason=reason, at=at
        )
        return change_status(
            order,
            WorkOrder.Status.CANCELLED,
            event_type="work_order.cancelled",
            at=at,
            payload={"reason": reason},
            status_reason=reason[:255],
        )


def close_work_order_short(
    order: WorkOrder, *, reason: str, at: datetime | None = None
) -> WorkOrder:
    """End a running order with less than planned; its materials stay used.

    Steps not begun are skipped; one that is running must be completed first.
    """
    refused = f"Work order {order} was not closed."
    require_reason(reason, refused)
    with business_transaction(reason=reason):
        claim_row(order)
        require_transition(order, WorkOrder.Status.CLOSED_SHORT)
        require_after_start(order, at, refused)
        _end_operations(order, refused, reason=reason, at=at)
        return change_status(
            order,
            WorkOrder.Status.CLOSED_SHORT,
            event_type="work_order.closed_short",
            at=at,
            payload={"reason": reason, "unabsorbed_cost": str(cost_left(order))},
            status_reason=reason[:255],
            actual_end=at or timezone.now(),
        )


def _end_operations(
    order: WorkOrder, refused: str, *, reason: str, at: datetime | None
) -> None:
    for step in order.operations.order_by("sequence"):
        if step.status == WorkOrderOperation.Status.IN_PROGRESS:
            raise OperationsOpenError(
                refused,
                why=f"step {step.sequence} {step.name} is running",
                fix="complete that step first",
            )
        if step.status == WorkOrderOperation.Status.PENDING:
            change_status(
                step,
                WorkOrderOperation.Status.SKIPPED,
                event_type="operation.skipped",
                at=at,
                payload={"reason": reason},
                notes=step.notes or reason[:255],
            )
