"""Count what comes back, parcel by parcel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from inventory.services.reasons import require_reason
from orders.services import record_returned
from returns.errors import FindingsRefusedError
from returns.models import ReturnItem, ReturnRequest
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status, record_event
from stateset.system.services.locks import claim_row, lock_row
from stateset.system.services.transitions import save_columns

Status = ReturnRequest.Status


def receive_return(
    return_request: ReturnRequest,
    *,
    quantities: Mapping[UUID, int] | None = None,
    is_last: bool = False,
    at: datetime | None = None,
) -> ReturnRequest:
    """Count what came now, by key of the return line; by default all still expected.

    The return is partly received until every approved unit is here, or ``is_last``
    says that no more will come. Moves no stock: see ``inspect_return``.
    """
    with business_transaction():
        lock_row(return_request.order)
        claim_row(return_request)
        require_transition(return_request, Status.RECEIVED)
        items = list(return_request.items.select_related("order_item").order_by("pk"))
        came = _came(return_request, items, quantities)
        for item in items:
            item.quantity_received += came[item.pk]
            item.save(update_fields=["quantity_received", "updated_at"])
        is_all = is_last or not any(item.open_quantity for item in items)
        _follow(return_request, _by_sku(items, came), is_all=is_all, at=at)
        record_returned(
            return_request.order,
            quantities={i.order_item_id: came[i.pk] for i in items if came[i.pk]},
            at=at,
        )
    return return_request


def close_return_short(
    return_request: ReturnRequest, *, reason: str, at: datetime | None = None
) -> ReturnRequest:
    """Give up what is still expected of a partly received return, saying why."""
    refused = f"Return {return_request} was not closed short."
    require_reason(reason, refused)
    with business_transaction(reason=reason):
        claim_row(return_request)
        if return_request.status != Status.PARTIALLY_RECEIVED:
            raise FindingsRefusedError(
                refused,
                why=f"it is {return_request.get_status_display().lower()}",
                fix="reload the page; nothing is half here",
            )
        return change_status(
            return_request,
            Status.RECEIVED,
            event_type="return.closed_short",
            at=at,
            payload={"reason": reason},
            received_at=at or timezone.now(),
            status_reason=reason[:255],
        )


def _follow(
    return_request: ReturnRequest,
    lines: list[dict[str, object]],
    *,
    is_all: bool,
    at: datetime | None,
) -> None:
    """Take the status that what came gives, and tell of it."""
    payload: dict[str, object] = {"lines": lines}
    if is_all:
        change_status(
            return_request,
            Status.RECEIVED,
            event_type="return.received",
            at=at,
            payload=payload,
            received_at=at or timezone.now(),
        )
    elif return_request.status == Status.APPROVED:
        change_status(
            return_request,
            Status.PARTIALLY_RECEIVED,
            event_type="return.partially_received",
            at=at,
            payload=payload,
        )
    else:
        save_columns(return_request)
        record_event(return_request, "return.partially_received", payload, at=at)


def _came(
    return_request: ReturnRequest,
    items: Sequence[ReturnItem],
    quantities: Mapping[UUID, int] | None,
) -> dict[UUID, int]:
    """Return the units of each line that came now; refuse what can't be."""
    if quantities is None:
        came = {item.pk: item.open_quantity for item in items}
    else:
        came = {item.pk: quantities.get(item.pk, 0) for item in items}
    why, fix = "", "give the units that came, or cancel the return"
    if quantities is not None and not quantities.keys() <= came.keys():
        why, fix = "a line is of another return", "name lines of this return"
    elif not any(came.values()):
        why = "no unit came back"
    for item in items:
        if not why and not 0 <= came[item.pk] <= item.open_quantity:
            why = (
                f"{came[item.pk]} × {item.order_item.sku} came,"
                f" {item.open_quantity} are expected"
            )
            fix = "give at most the units expected; open another return for the rest"
    if why:
        raise FindingsRefusedError(
            f"Return {return_request} was not received.", why=why, fix=fix
        )
    return came


def _by_sku(
    items: Sequence[ReturnItem], came: Mapping[UUID, int]
) -> list[dict[str, object]]:
    return [
        {"sku": item.order_item.sku, "quantity": came[item.pk]}
        for item in items
        if came[item.pk]
    ]
