"""What people may do to a purchase order, each one call of a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminDateWidget
from django.http import HttpRequest
from django.utils.html import format_html

from inventory.admin.procurement.deliveries import WHAT_IT_DOES, DeliveryForm, receive
from inventory.models import PurchaseOrder
from inventory.services.procurement import (
    approve_purchase_order,
    cancel_purchase_order,
    close_purchase_order,
    return_purchase_order,
    send_purchase_order,
    submit_purchase_order,
)
from stateset.lib.admin import (
    ActionForm,
    GuidedAction,
    ReasonForm,
    leads_to,
    link,
    money_text,
)
from stateset.lib.admin.guided import only_from

Data = Mapping[str, Any]
Status = PurchaseOrder.Status

LINES_SHOWN = 20


class SendForm(ActionForm):
    expected_on = forms.DateField(
        required=False,
        widget=AdminDateWidget,
        help_text="The day the goods should arrive; empty leaves it as it is.",
    )

    def prepare(self) -> None:
        if self.row is not None:
            self.fields["expected_on"].initial = self.row.expected_on


def submit(order: PurchaseOrder, request: HttpRequest, data: Data) -> str:
    submit_purchase_order(order)
    return f"Purchase order {order} waits for approval."


def approve(order: PurchaseOrder, request: HttpRequest, data: Data) -> str:
    approve_purchase_order(order)
    return f"Purchase order {order} is approved."


def send_back(order: PurchaseOrder, request: HttpRequest, data: Data) -> str:
    return_purchase_order(order, reason=data["reason"])
    return f"Purchase order {order} is a draft again."


def send(order: PurchaseOrder, request: HttpRequest, data: Data) -> str:
    send_purchase_order(order, expected_on=data["expected_on"])
    return f"Purchase order {order} is ordered."


def book(order: PurchaseOrder, request: HttpRequest, data: Data) -> str:
    receipts = receive(order, data)
    units = sum(receipt.quantity for receipt in receipts)
    return format_html(
        "{} units are in stock by receipt {}; purchase order {} is {}.",
        f"{units:,}",
        link(receipts[0]),
        order,
        order.get_status_display().lower(),
    )


def close(order: PurchaseOrder, request: HttpRequest, data: Data) -> str:
    close_purchase_order(order, reason=data["reason"])
    return f"Purchase order {order} is closed; nothing more is expected."


def cancel(order: PurchaseOrder, request: HttpRequest, data: Data) -> str:
    cancel_purchase_order(order, reason=data["reason"])
    return f"Purchase order {order} is cancelled."


def money_facts(order: PurchaseOrder) -> Iterator[tuple[str, str]]:
    """Yield from whom, what, and for how much."""
    yield "Supplier", str(order.supplier)
    lines = order.items.select_related("variant").order_by("line_number")
    for item in lines[:LINES_SHOWN]:
        amount = money_text(item.line_total, order.currency)
        yield item.variant.sku, f"{item.quantity_ordered:,} for {amount}"
    yield "Total", money_text(order.total, order.currency)


def notice_facts(order: PurchaseOrder) -> Iterator[tuple[str, str]]:
    """Yield the deliveries under way, which are better received by their notice."""
    for notice in order.shipping_notices.live().order_by("pk"):
        state = notice.get_status_display().lower()
        yield str(notice), f"is {state}: receive what it brings on its own page"


SUBMIT = GuidedAction(
    "submit",
    "Submit",
    submit,
    explain="Asks for approval. The lines can't be changed from then on.",
    refusal=leads_to(Status.SUBMITTED),
    facts=money_facts,
    in_bulk=True,
)
APPROVE = GuidedAction(
    "approve",
    "Approve",
    approve,
    explain="Lets the order go out. Above the limit somebody else than who made it"
    " must approve.",
    refusal=leads_to(Status.APPROVED),
    permission="inventory.approve_purchaseorder",
    facts=money_facts,
    in_bulk=True,
)
RETURN = GuidedAction(
    "return",
    "Send back",
    send_back,
    explain="Makes the order a draft again, to be changed.",
    form=ReasonForm,
    refusal=leads_to(Status.DRAFT),
)
SEND = GuidedAction(
    "send",
    "Mark as sent",
    send,
    explain="Notes that the order went out to the supplier today.",
    form=SendForm,
    refusal=only_from(Status.APPROVED),
    facts=money_facts,
)
RECEIVE = GuidedAction(
    "receive",
    "Receive",
    book,
    explain=WHAT_IT_DOES,
    form=DeliveryForm,
    refusal=only_from(Status.ORDERED, Status.PARTIALLY_RECEIVED),
    facts=notice_facts,
)
CLOSE = GuidedAction(
    "close",
    "Close short",
    close,
    explain="Gives up what is still open. What was received stays.",
    form=ReasonForm,
    refusal=leads_to(Status.CLOSED),
    is_dangerous=True,
)
CANCEL = GuidedAction(
    "cancel",
    "Cancel order",
    cancel,
    explain="Cancels the whole order. This can't be undone.",
    form=ReasonForm,
    refusal=leads_to(Status.CANCELLED),
    facts=money_facts,
    is_dangerous=True,
)

ORDER_ACTIONS = (SUBMIT, APPROVE, RETURN, SEND, RECEIVE, CLOSE, CANCEL)
