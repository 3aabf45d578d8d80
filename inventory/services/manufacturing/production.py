"""Make what a work order plans: take the materials, put the goods into stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone

from inventory.errors import (
    InvalidDateError,
    InvalidQuantityError,
    OperationsOpenError,
    QuantityNotOpenError,
    WorkOrderStateError,
)
from inventory.models import StockTransaction, WorkOrder, WorkOrderOperation
from inventory.services.manufacturing.planning import (
    unreserved_demands,
    work_order_reference,
)
from inventory.services.stock import (
    allocate_reservations,
    receive_stock,
    reserve_stock,
    take_allocated,
)
from inventory.services.stock.changing import COST_DIGITS
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, record_event
from stateset.system.services.locks import claim_row
from stateset.system.services.transitions import save_columns

DONE = (WorkOrderOperation.Status.COMPLETED, WorkOrderOperation.Status.SKIPPED)


@dataclass(frozen=True)
class _Output:
    """What one completion makes, and what each good unit of it costs."""

    good: int
    scrapped: int
    unit_cost: Decimal


def start_work_order(order: WorkOrder, *, at: datetime | None = None) -> WorkOrder:
    """Take all materials of a ready order out of stock and begin.

    What was released by hand meanwhile is reserved again first; raises
    InsufficientStockError where that fails, with nothing taken.
    """
    with business_transaction(reason="work order started"):
        claim_row(order)
        if order.status != WorkOrder.Status.READY:
            raise WorkOrderStateError(
                f"Work order {order} was not started.",
                why=f"it is {order.get_status_display().lower()}, not ready",
                fix="release it first, or resume it if it is on hold",
            )
        reference = work_order_reference(order)
        missing = unreserved_demands(order)
        if missing:
            reserve_stock(
                location=order.location, demands=missing, reference=reference, at=at
            )
        allocations = allocate_reservations(
            reservations_of=reference, to=reference, at=at
        )
        take_allocated(
            quantities={
                allocation.pk: allocation.quantity for allocation in allocations
            },
            kind=StockTransaction.Type.CONSUME,
            reference=reference,
            at=at,
        )
        return change_status(
            order,
            WorkOrder.Status.IN_PROGRESS,
            event_type="work_order.started",
            at=at,
            payload={"material_cost": str(material_cost(order))},
            actual_start=at or timezone.now(),
        )


def complete_work_order(
    order: WorkOrder,
    quantity: int,
    *,
    scrapped: int = 0,
    at: datetime | None = None,
) -> WorkOrder:
    """Put ``quantity`` good units into stock; the last ones complete the order.

    Scrapped units count against the plan and make the good ones dearer: what is
    left of the material cost is spread over the units still to come.
    """
    refused = f"Nothing was made on work order {order}."
    with business_transaction(reason="goods produced"):
        claim_row(order)
        require_running(order, refused)
        left = _units_left(order, quantity, scrapped, refused)
        if left == 0:
            _require_operations_done(order, refused)
        require_after_start(order, at, refused)
        output = _Output(
            good=quantity,
            scrapped=scrapped,
            unit_cost=_unit_cost(order, units=left + quantity),
        )
        if quantity:
            _produce(order, output, at=at)
        return _count(order, output, finished=left == 0, at=at)


def material_cost(order: WorkOrder) -> Decimal:
    """Return what the order has taken from stock so far, at cost."""
    return -_booked(order, StockTransaction.Type.CONSUME)


def cost_left(order: WorkOrder) -> Decimal:
    """Return the material cost that no finished unit has carried away yet."""
    return material_cost(order) - _booked(order, StockTransaction.Type.PRODUCE)


def require_running(order: WorkOrder, refused: str) -> None:
    """Raise WorkOrderStateError unless the order is in progress."""
    if order.status == WorkOrder.Status.IN_PROGRESS:
        return
    raise WorkOrderStateError(
        refused,
        why=f"it is {order.get_status_display().lower()}, not in progress",
        fix="start or resume the work order first",
    )


def require_after_start(order: WorkOrder, at: datetime | None, refused: str) -> None:
    """Raise InvalidDateError if ``at`` lies before the order was started."""
    if at is not None and order.actual_start is not None and at < order.actual_start:
        raise InvalidDateError(
            refused,
            why=f"{at:%Y-%m-%d %H:%M} lies before its start at"
            f" {order.actual_start:%Y-%m-%d %H:%M}",
            fix="give a later time",
        )


def _units_left(order: WorkOrder, good: int, scrapped: int, refused: str) -> int:
    if good < 0 or scrapped < 0 or good + scrapped == 0:
        raise InvalidQuantityError(
            refused,
            why=f"{good} good and {scrapped} scrapped units were given",
            fix="give how many were made; 0 or more of each",
        )
    still_open = (
        order.quantity_planned - order.quantity_completed - order.quantity_scrapped
    )
    if good + scrapped > still_open:
        raise QuantityNotOpenError(
            refused,
            why=f"{good + scrapped} were made, {still_open} are open of the"
            f" {order.quantity_planned} planned",
            fix="enter at most what is open; plan another work order for the rest",
        )
    return still_open - good - scrapped


def _require_operations_done(order: WorkOrder, refused: str) -> None:
    undone = list(
        order.operations.exclude(status__in=DONE)
        .order_by("sequence")
        .values_list("sequence", "name")
    )
    if undone:
        steps = ", ".join(f"{sequence} {name}" for sequence, name in undone)
        raise OperationsOpenError(
            refused,
            why=f"these are its last units, and steps are open: {steps}",
            fix="complete or skip the steps first",
        )


def _unit_cost(order: WorkOrder, *, units: int) -> Decimal:
    """Return what is left of the material cost, for each of ``units``."""
    if not units:
        return Decimal(0)
    # Rounding the earlier ones up may have carried a little too much away.
    left = max(cost_left(order), Decimal(0))
    return (left / units).quantize(COST_DIGITS, ROUND_HALF_UP)


def _booked(order: WorkOrder, kind: str) -> Decimal:
    """Return the value that ledger rows of one kind booked for the order.

    Summed here: SQLite would add the decimals up as floating point.
    """
    reference = work_order_reference(order)
    rows = StockTransaction.objects.filter(
        reference_type=reference.type,
        reference_id=reference.id,
        transaction_type=kind,
    ).values_list("on_hand_delta", "unit_cost")
    return sum((units * (cost or Decimal(0)) for units, cost in rows), Decimal(0))


def _produce(order: WorkOrder, output: _Output, *, at: datetime | None) -> None:
    made = order.quantity_completed + order.quantity_scrapped
    receive_stock(
        variant=order.variant,
        location=order.location,
        quantity=output.good,
        unit_cost=output.unit_cost,
        reference=work_order_reference(order),
        line_id=order.pk,
        kind=StockTransaction.Type.PRODUCE,
        at=at,
        idempotency_key=f"work_order:{order.pk}:{made}",
    )


def _count(
    order: WorkOrder, output: _Output, *, finished: bool, at: datetime | None
) -> WorkOrder:
    payload = {
        "quantity": output.good,
        "scrapped": output.scrapped,
        "unit_cost": str(output.unit_cost),
    }
    columns = {
        "quantity_completed": order.quantity_completed + output.good,
        "quantity_scrapped": order.quantity_scrapped + output.scrapped,
    }
    if not finished:
        save_columns(order, **columns)
        record_event(order, "work_order.produced", payload, at=at)
        return order
    return change_status(
        order,
        WorkOrder.Status.COMPLETED,
        event_type="work_order.completed",
        at=at,
        payload=payload,
        actual_end=at or timezone.now(),
        **columns,
    )
