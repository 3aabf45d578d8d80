"""Take a return up again that was rejected, cancelled or ran out; once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from inventory.services.reasons import require_reason
from returns.errors import ReopeningRefusedError
from returns.models import ReturnItem, ReturnRequest
from returns.services.amounts import estimated_refund
from returns.services.approvals import open_approvals
from returns.services.returnable import is_past_window, require_returnable
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import claim_row, lock_row

FIRST_ROUND = 1


def reopen_return(
    return_request: ReturnRequest, *, reason: str, at: datetime | None = None
) -> ReturnRequest:
    """Ask again for what a return asked for, within the window of its goods.

    Whoever reopens it counts as the requester. A new round of approvals begins; what
    a person rejected is not approved without one. Raises NothingToReturnError where
    its units came back or were promised otherwise meanwhile.
    """
    refused = f"Return {return_request} was not reopened."
    require_reason(reason, refused)
    moment = at or timezone.now()
    with business_transaction(reason=reason):
        lock_row(return_request.order)
        claim_row(return_request)
        require_transition(return_request, ReturnRequest.Status.REQUESTED)
        was_rejected = return_request.status == ReturnRequest.Status.REJECTED
        items = _items(return_request)
        _require_in_time(return_request, items, moment, refused)
        amount = sum((_ask_again(item, refused) for item in items), Decimal(0))
        change_status(
            return_request,
            ReturnRequest.Status.REQUESTED,
            event_type="return.reopened",
            at=moment,
            payload={"reason": reason},
            approval_round=return_request.approval_round + 1,
            requested_by_id=acting_user_id(),
            status_reason="",
            items_amount=amount,
            refund_total=amount,
            approved_at=None,
            expires_at=None,
        )
        open_approvals(
            return_request,
            is_late=False,
            at=moment,
            may_be_automatic=not was_rejected,
        )
    return return_request


def why_not_reopened(return_request: ReturnRequest) -> str:
    """Return why a return can't be reopened, whenever it is; "" where it may be."""
    if return_request.status not in ReturnRequest.ENDED_STATUSES:
        return f"it is {return_request.get_status_display().lower()}"
    if return_request.approval_round > FIRST_ROUND:
        return "it was reopened once already"
    return ""


def _items(return_request: ReturnRequest) -> list[ReturnItem]:
    items = return_request.items.select_related(
        "order_item__order", "order_item__variant__product"
    )
    return list(items.order_by("order_item__line_number"))


def _require_in_time(
    return_request: ReturnRequest,
    items: list[ReturnItem],
    moment: datetime,
    refused: str,
) -> None:
    why = why_not_reopened(return_request)
    lines = [item.order_item for item in items]
    if not why and is_past_window(return_request.order, lines, moment):
        why = "its goods arrived too long ago"
    if why:
        raise ReopeningRefusedError(refused, why=why, fix="open another return")


def _ask_again(item: ReturnItem, refused: str) -> Decimal:
    require_returnable(item.order_item, item.quantity, refused=refused)
    item.quantity_approved = 0
    item.refund_amount = estimated_refund(item.order_item, quantity=item.quantity)
    item.save(update_fields=["quantity_approved", "refund_amount", "updated_at"])
    return item.refund_amount
