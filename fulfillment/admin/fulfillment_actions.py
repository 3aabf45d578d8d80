"""What people may do to a fulfilment order, each one call of a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html

from fulfillment.admin.line_fields import UnitsForm, typed_units
from fulfillment.models import FulfillmentOrder
from fulfillment.services import (
    cancel_fulfillment,
    create_shipment,
    pack_fulfillment,
    start_picking,
    stop_picking,
)
from fulfillment.services.lines import Quantities, units_to_pick, units_to_ship
from orders.admin.moments import MomentInput
from orders.models import Order
from stateset.lib.admin import GuidedAction, ReasonForm, leads_to, link
from stateset.lib.admin.entry import AmountField, UnitsField

Data = Mapping[str, Any]

MOST_PACKAGES = 32_767
"""As many as the column of a shipment holds on either engine."""


class PackForm(UnitsForm):
    """What was picked; less than asked for is a short pick."""


class ShipmentForm(UnitsForm):
    """What goes into a parcel, and who carries it."""

    carrier = forms.CharField(max_length=50, required=False)
    service = forms.CharField(max_length=50, required=False)
    tracking_number = forms.CharField(max_length=100, required=False)
    package_count = UnitsField(
        min_value=1, max_value=MOST_PACKAGES, initial=1, label="Packages"
    )
    shipping_cost = AmountField(decimal_places=2, initial=Decimal(0))
    estimated_delivery_at = forms.DateTimeField(
        required=False,
        label="Estimated delivery (UTC)",
        widget=MomentInput(),
        help_text="After this time the shipment counts as late.",
    )

    def offered(self, row: FulfillmentOrder) -> Quantities:
        """Return what is in no parcel yet."""
        return {key: units for key, units in units_to_ship(row).items() if units}


def _start(row: FulfillmentOrder, request: HttpRequest, data: Data) -> str:
    start_picking(row)
    return f"{row} is yours to pick."


def _stop(row: FulfillmentOrder, request: HttpRequest, data: Data) -> str:
    stop_picking(row)
    return f"{row} is back in the queue."


def _pack(row: FulfillmentOrder, request: HttpRequest, data: Data) -> str:
    pack_fulfillment(row, quantities=typed_units(data))
    missing = f" ({row.status_reason})" if row.status_reason else ""
    return f"{row} is packed{missing}."


def _ship(row: FulfillmentOrder, request: HttpRequest, data: Data) -> str:
    units = typed_units(data)
    details = {name: value for name, value in data.items() if name in SHIPMENT_FIELDS}
    shipment = link(create_shipment(row, quantities=units, **details))
    return format_html(
        "Shipment {} is made; ship it when the carrier has it.", shipment
    )


def _cancel(row: FulfillmentOrder, request: HttpRequest, data: Data) -> str:
    cancel_fulfillment(row, reason=data["reason"])
    return f"{row} is cancelled; its stock stays reserved for order {row.order}."


def _on_hold(row: FulfillmentOrder) -> str:
    if row.order.status == Order.Status.ON_HOLD:
        return f"order {row.order} is on hold"
    return ""


def _refuse_picking(row: FulfillmentOrder) -> str:
    return leads_to(FulfillmentOrder.Status.PICKING)(row) or _on_hold(row)


def _refuse_packing(row: FulfillmentOrder) -> str:
    return leads_to(FulfillmentOrder.Status.PACKED)(row) or _on_hold(row)


def _refuse_shipment(row: FulfillmentOrder) -> str:
    if row.status != FulfillmentOrder.Status.PACKED:
        return f"it is {row.get_status_display().lower()}"
    return "" if any(units_to_ship(row).values()) else "everything is in shipments"


def _facts(row: FulfillmentOrder) -> Iterator[tuple[str, str]]:
    yield "Order", str(row.order)
    yield "From", str(row.location)
    units = units_to_pick(row)
    for item in row.order.items.filter(pk__in=list(units)).order_by("line_number"):
        yield item.sku, f"{units[item.pk]:,} × {item.name}"


SHIPMENT_FIELDS = tuple(ShipmentForm.base_fields)

FULFILLMENT_ACTIONS = (
    GuidedAction(
        "pick",
        "Start picking",
        _start,
        explain="Takes it out of the queue: you pick it.",
        refusal=_refuse_picking,
        facts=_facts,
        in_bulk=True,
    ),
    GuidedAction(
        "stop",
        "Put back in queue",
        _stop,
        explain="Nobody picks it then, until somebody starts again.",
        refusal=leads_to(FulfillmentOrder.Status.PENDING),
    ),
    GuidedAction(
        "pack",
        "Pack",
        _pack,
        explain="Count what is in the box. What is missing stays reserved for the"
        " order and can be released again; count its shelf.",
        form=PackForm,
        refusal=_refuse_packing,
    ),
    GuidedAction(
        "ship",
        "Create shipment",
        _ship,
        explain="Puts packed units into a parcel. Stock moves when it is shipped.",
        form=ShipmentForm,
        refusal=_refuse_shipment,
        permission="fulfillment.add_shipment",
    ),
    GuidedAction(
        "cancel",
        "Cancel",
        _cancel,
        explain="Takes it back from the warehouse, with parcels that have not left."
        " The order goes on and can be released again.",
        form=ReasonForm,
        refusal=leads_to(FulfillmentOrder.Status.CANCELLED),
        facts=_facts,
        is_dangerous=True,
    ),
)
