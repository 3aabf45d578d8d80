"""What people may do to a return, each one call of a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html

from returns.admin.return_forms import (
    ApproveForm,
    CompleteForm,
    InspectForm,
    ReceiveForm,
    ResolutionForm,
    approved_units,
    findings,
    lines_of,
    settled_amounts,
    units_that_came,
)
from returns.models import ReturnRequest
from returns.services import (
    cancel_return,
    change_resolution,
    close_return_short,
    complete_return,
    complete_without_refund,
    decide_return,
    inspect_return,
    receive_return,
    reopen_return,
)
from returns.services.reopening import why_not_reopened
from returns.services.requests import why_no_other_resolution
from stateset.lib.admin import (
    GuidedAction,
    ReasonForm,
    leads_to,
    link,
    money_text,
)
from stateset.lib.admin.guided import only_from

Data = Mapping[str, Any]


def _approve(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    decide_return(row, approve=True, quantities=approved_units(row, data))
    if row.status == ReturnRequest.Status.APPROVED:
        return f"Return {row} is approved."
    return f"Return {row} waits for a second person."


def _reject(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    decide_return(row, approve=False, reason=data["reason"])
    return f"Return {row} is rejected."


def _receive(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    receive_return(row, quantities=units_that_came(row, data), is_last=data["is_last"])
    if row.status == ReturnRequest.Status.RECEIVED:
        return f"Return {row} is received."
    return f"Return {row} is partly received; the rest is expected."


def _close_short(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    close_return_short(row, reason=data["reason"])
    return f"Return {row} is received; the rest is not coming."


def _inspect(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    inspect_return(row, findings=findings(row, data))
    return f"The inspection of return {row} is noted, and its goods are put away."


def _complete(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    freight, fee = settled_amounts(data)
    complete_return(row, shipping_refund=freight, restocking_fee=fee)
    if row.replacement_order is not None:
        order = link(row.replacement_order)
        return format_html("Return {} is completed; confirm order {}.", row, order)
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


def _change_resolution(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    change_resolution(row, resolution=data["resolution"], reason=data["reason"])
    return f"Return {row} ends in: {row.get_resolution_display().lower()}."


def _cancel(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    cancel_return(row, reason=data["reason"])
    return f"Return {row} is cancelled."


def _reopen(row: ReturnRequest, request: HttpRequest, data: Data) -> str:
    reopen_return(row, reason=data["reason"])
    return f"Return {row} is {row.get_status_display().lower()}."


def _facts(row: ReturnRequest) -> Iterator[tuple[str, str]]:
    yield "Order", str(row.order)
    yield "Ends in", row.get_resolution_display()
    yield "Goods are worth", money_text(row.items_amount, row.currency)
    for item in lines_of(row):
        yield item.order_item.sku, f"{item.quantity} × {item.order_item.name}"


RETURN_ACTIONS = (
    GuidedAction(
        "approve",
        "Approve",
        _approve,
        explain="Nobody approves their own return; large or late ones take two.",
        form=ApproveForm,
        refusal=leads_to("approved"),
        permission="approve",
        facts=_facts,
    ),
    GuidedAction(
        "reject",
        "Reject",
        _reject,
        explain="The customer will be told the reason.",
        form=ReasonForm,
        refusal=leads_to("rejected"),
        permission="approve",
        facts=_facts,
        is_dangerous=True,
    ),
    GuidedAction(
        "receive",
        "Receive goods",
        _receive,
        explain="Count what came now. Stock moves with the inspection.",
        form=ReceiveForm,
        refusal=leads_to("received"),
        permission="returns.receive_return",
    ),
    GuidedAction(
        "close_short",
        "Close short",
        _close_short,
        explain="Gives up what is still expected; what came stays.",
        form=ReasonForm,
        refusal=only_from("partially_received"),
        permission="returns.receive_return",
        is_dangerous=True,
    ),
    GuidedAction(
        "inspect",
        "Inspect",
        _inspect,
        explain="Only new and opened goods go back on the shelf. Stock moves now.",
        form=InspectForm,
        refusal=leads_to("inspected"),
        permission="returns.receive_return",
    ),
    GuidedAction(
        "complete",
        "Complete",
        _complete,
        explain="The customer gets what was promised: the money back, or goods anew.",
        form=CompleteForm,
        refusal=leads_to("completed"),
        permission="returns.approve_return",
        facts=_facts,
    ),
    GuidedAction(
        "complete_without_refund",
        "Complete without refund",
        _complete_without_refund,
        explain="The customer gets no money back.",
        form=ReasonForm,
        refusal=_promises_no_refund,
        permission="returns.approve_return",
        facts=_facts,
        is_dangerous=True,
    ),
    GuidedAction(
        "change_resolution",
        "Change what it ends in",
        _change_resolution,
        explain="Promise a refund in place of a replacement, or the other way.",
        form=ResolutionForm,
        refusal=why_no_other_resolution,
        permission="returns.approve_return",
        facts=_facts,
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
    GuidedAction(
        "reopen",
        "Reopen",
        _reopen,
        explain="Asks once more for the same units; a new round of approvals begins.",
        form=ReasonForm,
        refusal=why_not_reopened,
    ),
)
