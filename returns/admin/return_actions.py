"""What people may do to a return, each one call of a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest

from returns.models import ReturnItem, ReturnRequest
from returns.services import (
    cancel_return,
    complete_return,
    complete_without_refund,
    decide_return,
    inspect_return,
    receive_return,
)
from stateset.lib.admin import (
    ActionForm,
    GuidedAction,
    ReasonForm,
    leads_to,
    money_text,
)

Data = Mapping[str, Any]


class ReceiveForm(ActionForm):
    """The units that came back, a field a line."""

    def prepare(self) -> None:
        for item in _items(self.row):
            self.fields[f"came_{item.pk}"] = forms.IntegerField(
                label=f"{item.order_item.sku} {item.order_item.name}",
                min_value=0,
                max_value=item.quantity,
                initial=item.quantity,
                help_text=f"Of {item.quantity} agreed.",
            )


class InspectForm(ActionForm):
    """Condition and disposition, two fields a line that came."""

    def prepare(self) -> None:
        for item in _items(self.row):
            if not item.quantity_received:
                continue
            name = f"{item.quantity_received} × {item.order_item.sku}"
            self.fields[f"condition_{item.pk}"] = forms.ChoiceField(
                label=f"{name}: condition",
                choices=[c for c in ReturnItem.Condition.choices if c[0]],
            )
            self.fields[f"disposition_{item.pk}"] = forms.ChoiceField(
                label=f"{name}: what becomes of it",
                choices=[
                    c for c in ReturnItem.Disposition.choices if c[0] != "pending"
                ],
            )


def _items(return_request: ReturnRequest | None) -> Iterator[ReturnItem]:
    if return_request is not None:
        yield from return_request.items.select_related("order_item").order_by("pk")


def _approve(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    decide_return(row, approve=True)
    if row.status == ReturnRequest.Status.APPROVED:
        return f"Return {row} is approved."
    return f"Return {row} waits for a second person."


def _reject(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    decide_return(row, approve=False, reason=data["reason"])
    return f"Return {row} is rejected."


def _receive(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    receive_return(
        row, quantities={item.pk: data[f"came_{item.pk}"] for item in _items(row)}
    )
    return f"Return {row} is received."


def _inspect(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    findings = {
        item.pk: (data[f"condition_{item.pk}"], data[f"disposition_{item.pk}"])
        for item in _items(row)
        if item.quantity_received
    }
    inspect_return(row, findings=findings)
    return f"The inspection of return {row} is noted."


def _complete(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    complete_return(row)
    given_back = money_text(row.amount_refunded, row.currency)
    return f"Return {row} is completed; {given_back} were given back."


def _complete_without_refund(
    row: ReturnRequest, request: HttpRequest, data: Data
) -> str:
    complete_without_refund(row, reason=data["reason"])
    return f"Return {row} is completed; no money was given back."


def _promises_no_refund(row: ReturnRequest) -> str:
    if row.resolution != ReturnRequest.Resolution.REFUND:
        return "it gives no money back anyway"
    return leads_to("completed")(row)


def _cancel(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    cancel_return(row, reason=data["reason"])
    return f"Return {row} is cancelled."


def _facts(row: ReturnRequest) -> Iterator[tuple[str, str]]:
    yield "Order", str(row.order)
    yield "Refund", money_text(row.refund_total, row.currency)
    for item in _items(row):
        yield item.order_item.sku, f"{item.quantity} × {item.order_item.name}"


RETURN_ACTIONS = (
    GuidedAction(
        "approve",
        "Approve",
        _approve,
        explain="Nobody approves their own return; large or late ones take two.",
        refusal=leads_to("approved"),
        permission="returns.approve_return",
        facts=_facts,
    ),
    GuidedAction(
        "reject",
        "Reject",
        _reject,
        explain="The customer will be told the reason.",
        form=ReasonForm,
        refusal=leads_to("rejected"),
        permission="returns.approve_return",
        facts=_facts,
        is_dangerous=True,
    ),
    GuidedAction(
        "receive",
        "Receive goods",
        _receive,
        explain="Count what came back. Stock moves when the return is completed.",
        form=ReceiveForm,
        refusal=leads_to("received"),
    ),
    GuidedAction(
        "inspect",
        "Inspect",
        _inspect,
        explain="Only new and opened goods go back on the shelf.",
        form=InspectForm,
        refusal=leads_to("inspected"),
    ),
    GuidedAction(
        "complete",
        "Complete",
        _complete,
        explain="Goods go to their place and the money back to the customer.",
        refusal=leads_to("completed"),
        facts=_facts,
    ),
    GuidedAction(
        "complete_without_refund",
        "Complete without refund",
        _complete_without_refund,
        explain="Goods go to their place; the customer gets no money back.",
        form=ReasonForm,
        refusal=_promises_no_refund,
        permission="returns.approve_return",
        facts=_facts,
        is_dangerous=True,
    ),
    GuidedAction(
        "cancel",
        "Cancel return",
        _cancel,
        explain="Nothing has come back yet; the units may be returned again later.",
        form=ReasonForm,
        refusal=leads_to("cancelled"),
        is_dangerous=True,
    ),
)
