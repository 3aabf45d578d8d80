"""What people may do to an order, each one call of a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest

from orders.models import Address, Order, OrderItem
from orders.services import (
    can_change_addresses,
    cancel_order,
    change_order_addresses,
    confirm_order,
    free_units,
    hold_order,
    reserve_backordered,
    resume_order,
    why_not_partly,
    why_not_reserved,
)
from stateset.lib.admin import (
    ActionForm,
    GuidedAction,
    ReasonForm,
    leads_to,
    money_text,
)
from stateset.lib.admin.guided import only_from

Data = Mapping[str, Any]

FACTS_SHOWN = 20


class AddressesForm(ActionForm):
    shipping = forms.ModelChoiceField(
        Address.objects.none(), required=False, empty_label="As it is", label="Ship to"
    )
    billing = forms.ModelChoiceField(
        Address.objects.none(), required=False, empty_label="As it is", label="Bill to"
    )

    def prepare(self) -> None:
        if self.row is not None:
            current = self.row.customer.addresses.current().order_by("line1")
            for field in self.fields.values():
                field.queryset = current  # type: ignore[attr-defined]  # both are


def refuse_cancelling(order: Order) -> str:
    """Return why an order can't be cancelled: its state, or units under way."""
    refused = leads_to(Order.Status.CANCELLED)(order)
    if refused:
        return refused
    under_way = order.items.filter(
        Q(quantity_packed__gt=0) | Q(quantity_fulfilled__gt=0)
    )
    return "units of it are packed or shipped" if under_way.exists() else ""


def stock_facts(order: Order) -> Iterator[tuple[str, str]]:
    """Yield what each line asks for, and what is there to promise."""
    items = list(order.items.select_related("variant").order_by("line_number"))
    available = free_units(order, items)

    def said(item: OrderItem) -> tuple[str, str]:
        there = f"{available.get(item.variant_id, 0):,} available"
        if not item.variant.is_stocked:
            there = "needs no stock"
        return item.sku, f"{item.quantity:,} ordered, {there}"

    return _some(items, said)


def backorder_facts(order: Order) -> Iterator[tuple[str, str]]:
    """Yield what each line waits for, and what is there by now."""
    items = list(order.backordered_items().order_by("line_number"))
    available = free_units(order, items)

    def said(item: OrderItem) -> tuple[str, str]:
        there = available.get(item.variant_id, 0)
        return item.sku, f"{item.unreserved_quantity:,} missing, {there:,} available"

    return _some(items, said)


def money_facts(order: Order) -> Iterator[tuple[str, str]]:
    """Yield what an order costs and what was paid."""
    yield "Total", money_text(order.total_amount, order.currency)
    yield "Paid", money_text(order.amount_paid, order.currency)


def confirm(order: Order, request: HttpRequest, data: Data) -> str:
    confirm_order(order)
    return f"Order {order} is confirmed; its stock is reserved."


def confirm_partly(order: Order, request: HttpRequest, data: Data) -> str:
    confirm_order(order, partly=True)
    return (
        f"Order {order} is confirmed with what is there. It waits for"
        f" {_missing(order)}."
    )


def reserve_rest(order: Order, request: HttpRequest, data: Data) -> str:
    units = reserve_backordered(order)
    missing = _missing(order)
    waits = f"It still waits for {missing}." if missing else "It waits for nothing."
    more = "1 more unit is" if units == 1 else f"{units:,} more units are"
    return f"{more} reserved for order {order}. {waits}"


def hold(order: Order, request: HttpRequest, data: Data) -> str:
    hold_order(order, reason=data["reason"])
    return f"Order {order} is on hold."


def resume(order: Order, request: HttpRequest, data: Data) -> str:
    resume_order(order)
    return f"Order {order} goes on: it is {_state(order).removeprefix('it is ')}."


def cancel(order: Order, request: HttpRequest, data: Data) -> str:
    cancel_order(order, reason=data["reason"])
    said = f"Order {order} is cancelled; its stock is available again."
    kept = order.amount_paid - order.amount_refunded
    if not kept:
        return said
    return f"{said} {money_text(kept, order.currency)} was paid: refund it."


def change_addresses(order: Order, request: HttpRequest, data: Data) -> str:
    change_order_addresses(order, shipping=data["shipping"], billing=data["billing"])
    return f"Order {order} has its new addresses."


def _some(
    items: list[OrderItem], said: Callable[[OrderItem], tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    yield from map(said, items[:FACTS_SHOWN])
    if len(items) > FACTS_SHOWN:
        yield "", f"and {len(items) - FACTS_SHOWN} more lines"


def _missing(order: Order) -> str:
    items = list(order.backordered_items().order_by("line_number"))
    shown = [f"{item.unreserved_quantity:,} × {item.sku}" for item in items]
    more = len(shown) - FACTS_SHOWN
    words = [*shown[:FACTS_SHOWN], *([f"{more} more lines"] if more > 0 else [])]
    return ", ".join(words)


def _state(order: Order) -> str:
    return f"it is {order.get_status_display().lower()}"


CONFIRM = GuidedAction(
    "confirm",
    "Confirm",
    confirm,
    explain="Reserves the stock of every line, or changes nothing if one is short.",
    refusal=only_from(Order.Status.PENDING),
    facts=stock_facts,
    in_bulk=True,
)
CONFIRM_PARTLY = GuidedAction(
    "confirm-partly",
    "Confirm what is there",
    confirm_partly,
    explain="Reserves what is there of each line; the rest waits on backorder.",
    refusal=why_not_partly,
    facts=stock_facts,
)
RESERVE_REST = GuidedAction(
    "reserve-rest",
    "Reserve the rest",
    reserve_rest,
    explain="Reserves what has come in of what the order waits for.",
    refusal=why_not_reserved,
    facts=backorder_facts,
    in_bulk=True,
)
HOLD = GuidedAction(
    "hold",
    "Put on hold",
    hold,
    explain="Stops the order where it is. Reserved stock stays reserved.",
    form=ReasonForm,
    refusal=leads_to(Order.Status.ON_HOLD),
    in_bulk=True,
)
RESUME = GuidedAction(
    "resume",
    "Resume",
    resume,
    explain="Lets the order go on from where it was held.",
    refusal=only_from(Order.Status.ON_HOLD),
    facts=lambda order: [("Held because", order.status_reason)],
    in_bulk=True,
)
ADDRESSES = GuidedAction(
    "addresses",
    "Change addresses",
    change_addresses,
    explain="Copies another address of the customer into this order.",
    form=AddressesForm,
    refusal=lambda order: "" if can_change_addresses(order) else _state(order),
)
CANCEL = GuidedAction(
    "cancel",
    "Cancel order",
    cancel,
    explain="Cancels the whole order and gives its stock back. This can't be undone.",
    form=ReasonForm,
    refusal=refuse_cancelling,
    facts=money_facts,
    is_dangerous=True,
)

ORDER_ACTIONS = (
    CONFIRM,
    CONFIRM_PARTLY,
    RESERVE_REST,
    HOLD,
    RESUME,
    ADDRESSES,
    CANCEL,
)
