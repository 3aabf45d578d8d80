"""Do the steps of a work order, in their order."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from inventory.errors import InvalidDateError, OperationSequenceError
from inventory.models import WorkOrderOperation
from inventory.services.manufacturing.production import DONE, require_running
from inventory.services.reasons import require_reason
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.locks import claim_row, lock_row


def start_operation(
    operation: WorkOrderOperation, *, at: datetime | None = None
) -> WorkOrderOperation:
    """Begin a step, once every earlier one is completed or skipped."""
    refused = f"Step {operation} was not started."
    with business_transaction(reason="step started"):
        _claim(operation, refused)
        require_transition(operation, WorkOrderOperation.Status.IN_PROGRESS)
        earlier = (
            operation.work_order.operations.filter(sequence__lt=operation.sequence)
            .exclude(status__in=DONE)
            .order_by("sequence")
            .first()
        )
        if earlier is not None:
            raise OperationSequenceError(
                refused,
                why=f"step {earlier.sequence} {earlier.name} comes before it and is"
                f" {earlier.get_status_display().lower()}",
                fix="complete or skip that step first",
            )
        return change_status(
            operation,
            WorkOrderOperation.Status.IN_PROGRESS,
            event_type="operation.started",
            at=at,
            started_at=at or timezone.now(),
        )


def complete_operation(
    operation: WorkOrderOperation,
    *,
    minutes: int | None = None,
    at: datetime | None = None,
) -> WorkOrderOperation:
    """End a running step; without ``minutes`` it took as long as it was open."""
    refused = f"Step {operation} was not completed."
    when = at or timezone.now()
    with business_transaction(reason="step completed"):
        _claim(operation, refused)
        require_transition(operation, WorkOrderOperation.Status.COMPLETED)
        open_for = when - (operation.started_at or when)
        if open_for < timedelta(0):
            raise InvalidDateError(
                refused,
                why=f"{when:%Y-%m-%d %H:%M} lies before its start",
                fix="give a later time",
            )
        if minutes is None:
            minutes = round(open_for.total_seconds() / 60)
        return change_status(
            operation,
            WorkOrderOperation.Status.COMPLETED,
            event_type="operation.completed",
            at=at,
            payload={"minutes": minutes},
            actual_minutes=minutes,
            completed_at=when,
        )


def skip_operation(
    operation: WorkOrderOperation, *, reason: str, at: datetime | None = None
) -> WorkOrderOperation:
    """Leave out a step that has not begun."""
    refused = f"Step {operation} was not skipped."
    require_reason(reason, refused)
    with business_transaction(reason=reason):
        _claim(operation, refused)
        return change_status(
            operation,
            WorkOrderOperation.Status.SKIPPED,
            event_type="operation.skipped",
            at=at,
            payload={"reason": reason},
            notes=operation.notes or reason[:255],
        )


def _claim(operation: WorkOrderOperation, refused: str) -> None:
    """Lock the work order, which must be running, and then the step."""
    lock_row(operation.work_order)
    require_running(operation.work_order, refused)
    claim_row(operation)
