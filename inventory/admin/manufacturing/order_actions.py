"""What people may do to a work order, each one call of a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest

from inventory.models import WorkOrder
from inventory.services.manufacturing import (
    cancel_work_order,
    close_work_order_short,
    complete_work_order,
    find_shortages,
    hold_work_order,
    release_work_order,
    resume_work_order,
    start_work_order,
)
from stateset.lib.admin import ActionForm, GuidedAction, ReasonForm, leads_to
from stateset.lib.admin.entry import UnitsField
from stateset.lib.admin.guided import only_from

Data = Mapping[str, Any]
Status = WorkOrder.Status


class OutputForm(ActionForm):
    quantity = UnitsField(label="Good units")
    scrapped = UnitsField(label="Scrapped units", initial=0)

    def prepare(self) -> None:
        if self.row is not None:
            left = units_open(self.row)
            self.fields["quantity"].initial = left
            self.fields["quantity"].help_text = f"{left:,} are open"


def units_open(order: WorkOrder) -> int:
    """Return how many units of the plan are neither made nor scrapped."""
    return order.quantity_planned - order.quantity_completed - order.quantity_scrapped


def release(order: WorkOrder, request: HttpRequest, data: Data) -> str:
    release_work_order(order)
    if order.status == Status.READY:
        return f"Work order {order} is ready; its materials are reserved."
    short = "; ".join(map(str, find_shortages(order)))
    return f"Work order {order} waits for materials: {short}."


def start(order: WorkOrder, request: HttpRequest, data: Data) -> str:
    start_work_order(order)
    return f"Work order {order} is in progress; its materials left the stock."


def complete(order: WorkOrder, request: HttpRequest, data: Data) -> str:
    complete_work_order(order, data["quantity"], scrapped=data["scrapped"])
    return (
        f"{data['quantity']:,} units are in stock; work order {order} is"
        f" {order.get_status_display().lower()}."
    )


def hold(order: WorkOrder, request: HttpRequest, data: Data) -> str:
    hold_work_order(order, reason=data["reason"])
    return f"Work order {order} is on hold."


def resume(order: WorkOrder, request: HttpRequest, data: Data) -> str:
    resume_work_order(order)
    return f"Work order {order} is {order.get_status_display().lower()} again."


def cancel(order: WorkOrder, request: HttpRequest, data: Data) -> str:
    cancel_work_order(order, reason=data["reason"])
    return f"Work order {order} is cancelled; its materials are available again."


def close_short(order: WorkOrder, request: HttpRequest, data: Data) -> str:
    close_work_order_short(order, reason=data["reason"])
    return f"Work order {order} is closed with {order.quantity_completed:,} units."


def shortage_facts(order: WorkOrder) -> Iterator[tuple[str, str]]:
    """Yield what is missing for the order now."""
    for shortage in find_shortages(order):
        yield (
            f"Short: {shortage.sku}",
            (
                f"{shortage.wanted:,} wanted, {shortage.available:,} available"
                f" at {shortage.location}"
            ),
        )


def progress_facts(order: WorkOrder) -> Iterator[tuple[str, str]]:
    """Yield how far the order is."""
    yield "Planned", f"{order.quantity_planned:,}"
    yield "Completed", f"{order.quantity_completed:,}"
    yield "Scrapped", f"{order.quantity_scrapped:,}"


RELEASE = GuidedAction(
    "release",
    "Release",
    release,
    explain="Reserves the materials, all of them or none. Where something is short the"
    " order waits for materials, and is released again later.",
    refusal=only_from(Status.PLANNED, Status.PENDING_MATERIALS),
    facts=shortage_facts,
    in_bulk=True,
)
START = GuidedAction(
    "start",
    "Start",
    start,
    explain="Takes all materials out of stock.",
    refusal=only_from(Status.READY),
    facts=shortage_facts,
)
COMPLETE = GuidedAction(
    "complete",
    "Report output",
    complete,
    explain="Puts good units into stock at the cost of their materials. The last units"
    " complete the order, once all its steps are done.",
    form=OutputForm,
    refusal=only_from(Status.IN_PROGRESS),
    facts=progress_facts,
)
HOLD = GuidedAction(
    "hold",
    "Put on hold",
    hold,
    explain="Stops the order where it is. It keeps its materials.",
    form=ReasonForm,
    refusal=leads_to(Status.ON_HOLD),
    in_bulk=True,
)
RESUME = GuidedAction(
    "resume",
    "Resume",
    resume,
    explain="Lets the order go on from where it was held.",
    refusal=only_from(Status.ON_HOLD),
    facts=lambda order: [("Held because", order.status_reason)],
)
CANCEL = GuidedAction(
    "cancel",
    "Cancel order",
    cancel,
    explain="Gives the materials back. This can't be undone.",
    form=ReasonForm,
    refusal=leads_to(Status.CANCELLED),
    is_dangerous=True,
)
CLOSE_SHORT = GuidedAction(
    "close_short",
    "Close short",
    close_short,
    explain="Ends the order with what was made so far. Materials stay used.",
    form=ReasonForm,
    refusal=leads_to(Status.CLOSED_SHORT),
    facts=progress_facts,
    is_dangerous=True,
)

ORDER_ACTIONS = (RELEASE, START, COMPLETE, HOLD, RESUME, CANCEL, CLOSE_SHORT)
