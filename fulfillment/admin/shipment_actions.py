"""What people may do to a shipment, each one call of a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from fulfillment.models import Shipment, TrackingEvent
from fulfillment.services import (
    cancel_shipment,
    deliver_shipment,
    mark_ready,
    record_tracking,
    ship_shipment,
)
from fulfillment.services.tracking import SCANNED_STATUSES
from orders.admin.moments import MomentInput
from orders.models import Order
from stateset.lib.admin import ActionForm, GuidedAction, ReasonForm, leads_to
from stateset.lib.states import legal_next

Data = Mapping[str, Any]

SCANS = [status for status in SCANNED_STATUSES if status != Shipment.Status.SHIPPED]


class ScanForm(ActionForm):
    """One scan, as the carrier's page tells it."""

    status = forms.ChoiceField(
        label="What happened",
        choices=[(status.value, status.label) for status in SCANS],
    )
    occurred_at = forms.DateTimeField(
        label="When (UTC)",
        required=False,
        widget=MomentInput(),
        help_text="Empty: now.",
    )
    place = forms.CharField(max_length=255, required=False)
    description = forms.CharField(max_length=255, required=False)


class ArrivalForm(ActionForm):
    """When a shipment arrived."""

    at = forms.DateTimeField(
        label="Arrived (UTC)",
        required=False,
        widget=MomentInput(),
        help_text="Empty: now.",
    )


def _ready(row: Shipment, request: HttpRequest, data: Data) -> str:
    mark_ready(row)
    return f"Shipment {row} waits for the carrier."


def _ship(row: Shipment, request: HttpRequest, data: Data) -> str:
    ship_shipment(row)
    return f"Shipment {row} has left."


def _scan(row: Shipment, request: HttpRequest, data: Data) -> str:
    typed = {**data, "occurred_at": data["occurred_at"] or timezone.now()}
    event = record_tracking(row, source=TrackingEvent.Source.MANUAL, **typed)
    if event.is_applied:
        return f"Shipment {row} is {row.get_status_display().lower()}."
    return (
        f"The scan of shipment {row} is kept; the shipment stays"
        f" {row.get_status_display().lower()}, for it is not news."
    )


def _deliver(row: Shipment, request: HttpRequest, data: Data) -> str:
    deliver_shipment(row, at=data.get("at"))
    return f"Shipment {row} has arrived."


def _cancel(row: Shipment, request: HttpRequest, data: Data) -> str:
    cancel_shipment(row, reason=data["reason"])
    return f"Shipment {row} is cancelled; its goods stay packed."


def _refuse_shipping(row: Shipment) -> str:
    if row.direction == Shipment.Direction.INBOUND:
        return "it comes from a customer: record its first scan"
    refused = leads_to(Shipment.Status.SHIPPED)(row)
    if not refused and row.order.status == Order.Status.ON_HOLD:
        return f"order {row.order} is on hold"
    return refused


def _refuse_scan(row: Shipment) -> str:
    is_moving = bool(set(SCANS) & set(legal_next(row)))
    comes_back = (
        row.direction == Shipment.Direction.INBOUND
        and row.status == Shipment.Status.READY_TO_SHIP
    )
    if is_moving or comes_back:
        return ""
    return f"it is {row.get_status_display().lower()}"


def _refuse_arrival(row: Shipment) -> str:
    if row.direction == Shipment.Direction.INBOUND:
        return _refuse_scan(row)
    return leads_to(Shipment.Status.DELIVERED)(row)


def _facts(row: Shipment) -> Iterator[tuple[str, str]]:
    yield "Order", str(row.order)
    if row.tracking_number:
        yield "Tracking", f"{row.carrier} {row.tracking_number}"
    for item in row.items.select_related("order_item").order_by("pk"):
        yield item.order_item.sku, f"{item.quantity:,} × {item.order_item.name}"


SHIPMENT_ACTIONS = (
    GuidedAction(
        "ready",
        "Mark ready to ship",
        _ready,
        explain="The parcel is closed and has its label.",
        refusal=leads_to(Shipment.Status.READY_TO_SHIP),
        in_bulk=True,
    ),
    GuidedAction(
        "ship",
        "Ship",
        _ship,
        explain="The carrier has it: its goods leave the stock and the order moves on.",
        refusal=_refuse_shipping,
        facts=_facts,
        in_bulk=True,
    ),
    GuidedAction(
        "scan",
        "Record tracking scan",
        _scan,
        explain="Kept in any case; it moves the shipment only if it is news.",
        form=ScanForm,
        refusal=_refuse_scan,
    ),
    GuidedAction(
        "deliver",
        "Mark delivered",
        _deliver,
        explain="With its last shipment the order is delivered.",
        form=ArrivalForm,
        refusal=_refuse_arrival,
        in_bulk=True,
    ),
    GuidedAction(
        "cancel",
        "Cancel",
        _cancel,
        explain="Its goods stay packed, for another shipment.",
        form=ReasonForm,
        refusal=leads_to(Shipment.Status.CANCELLED),
        is_dangerous=True,
    ),
)
