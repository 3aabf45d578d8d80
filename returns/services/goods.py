"""Take returned goods in, and say what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from orders.services import record_returned
from returns.errors import FindingsRefusedError
from returns.models import ReturnItem, ReturnRequest
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.locks import claim_row, lock_row

SELLABLE = (ReturnItem.Condition.NEW, ReturnItem.Condition.OPENED)


def receive_return(
    return_request: ReturnRequest,
    *,
    quantities: Mapping[UUID, int] | None = None,
    at: datetime | None = None,
) -> ReturnRequest:
    """Count what came back, by key of the return line; all of it by default."""
    with business_transaction():
        lock_row(return_request.order)
        claim_row(return_request)
        require_transition(return_request, ReturnRequest.Status.RECEIVED)
        items = list(return_request.items.select_related("order_item"))
        came = {item.pk: item.quantity for item in items}
        if quantities is not None:
            came = {item.pk: quantities.get(item.pk, 0) for item in items}
        for item in items:
            _note_received(return_request, item, came[item.pk])
        if not any(came.values()):
            raise FindingsRefusedError(
                f"Return {return_request} was not received.",
                why="no unit came back",
                fix="give the units that came, or cancel the return",
            )
        change_status(
            return_request,
            ReturnRequest.Status.RECEIVED,
            event_type="return.received",
            at=at,
            received_at=at or timezone.now(),
        )
        record_returned(
            return_request.order,
            quantities={i.order_item_id: came[i.pk] for i in items if came[i.pk]},
            at=at,
        )
    return return_request


def inspect_return(
    return_request: ReturnRequest,
    *,
    findings: Mapping[UUID, tuple[str, str]],
    at: datetime | None = None,
) -> ReturnRequest:
    """Note condition and disposition of every line that came back.

    ``findings`` maps the key of a return line to (condition, disposition). Only new
    and opened goods are restocked. Stock moves when the return is completed.
    """
    with business_transaction():
        claim_row(return_request)
        require_transition(return_request, ReturnRequest.Status.INSPECTED)
        for item in return_request.items.filter(quantity_received__gt=0):
            condition, disposition = findings.get(item.pk, ("", ""))
            _require_finding(return_request, item, condition, disposition)
            item.condition = condition
            item.disposition = disposition
            item.save(update_fields=["condition", "disposition", "updated_at"])
        return change_status(
            return_request,
            ReturnRequest.Status.INSPECTED,
            event_type="return.inspected",
            at=at,
        )


def _note_received(
    return_request: ReturnRequest, item: ReturnItem, quantity: int
) -> None:
    if not 0 <= quantity <= item.quantity:
        raise FindingsRefusedError(
            f"Return {return_request} was not received.",
            why=f"{quantity} × {item.order_item.sku} came, {item.quantity} were agreed",
            fix="give at most the units agreed; open another return for the rest",
        )
    item.quantity_received = quantity
    item.save(update_fields=["quantity_received", "updated_at"])


def _require_finding(
    return_request: ReturnRequest, item: ReturnItem, condition: str, disposition: str
) -> None:
    why = ""
    if condition not in ReturnItem.Condition.values or not condition:
        why = f"the condition of {item.order_item.sku} is not given"
    elif disposition not in ReturnItem.Disposition.values or disposition == "pending":
        why = f"what to do with {item.order_item.sku} is not given"
    elif disposition == ReturnItem.Disposition.RESTOCK and condition not in SELLABLE:
        why = f"{item.order_item.sku} is {condition}, and only new or opened goods sell"
    if why:
        raise FindingsRefusedError(
            f"The inspection of return {return_request} was not noted.",
            why=why,
            fix="choose a condition and what becomes of it for every line",
        )
