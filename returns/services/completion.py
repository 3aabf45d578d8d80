"""Complete a return: money back or goods anew, each once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from finance.models import Payment
from finance.services import refund_payment
from inventory.services.reasons import require_reason
from returns.errors import RefundNotPossibleError, ResolutionRefusedError
from returns.models import ReturnRequest
from returns.services.amounts import settle_lines, shipping_left
from returns.services.replacing import place_replacement
from stateset.lib.fields import round_money
from stateset.lib.journal import business_transaction
from stateset.lib.states import require_transition
from stateset.system.services import change_status
from stateset.system.services.locks import claim_row, lock_row

REFUNDABLE = (Payment.Status.SUCCEEDED, Payment.Status.PARTIALLY_REFUNDED)
ZERO = Decimal(0)
Resolution = ReturnRequest.Resolution


def complete_return(
    return_request: ReturnRequest,
    *,
    shipping_refund: Decimal = ZERO,
    restocking_fee: Decimal = ZERO,
    at: datetime | None = None,
) -> ReturnRequest:
    """Give back what the goods that came are worth, or send them anew.

    ``shipping_refund`` gives back freight of the order, over all its returns no more
    than it had; ``restocking_fee`` is kept of what the goods are worth. Raises
    RefundNotPossibleError when less was paid than is owed back.
    """
    with business_transaction(reason=f"return {return_request}"):
        _begin(return_request)
        moment = at or timezone.now()
        if return_request.resolution == Resolution.REFUND:
            settled = _refund_all(
                return_request,
                shipping_refund=shipping_refund,
                restocking_fee=restocking_fee,
                at=moment,
            )
            return _finish(return_request, at=moment, **settled)
        if shipping_refund or restocking_fee:
            raise _not_settled(
                return_request,
                why="freight and fees are part of a refund, and none is promised",
                fix="leave them out, or change what it ends in to a refund",
            )
        if return_request.resolution == Resolution.REPLACEMENT:
            order = place_replacement(return_request, at=moment)
            return _finish(return_request, at=moment, replacement_order=order)
        return _finish(return_request, at=moment)


def complete_without_refund(
    return_request: ReturnRequest, *, reason: str, at: datetime | None = None
) -> ReturnRequest:
    """Give no money back, saying why."""
    require_reason(reason, f"Return {return_request} was not completed.")
    with business_transaction(reason=reason):
        _begin(return_request)
        return _finish(
            return_request,
            at=at or timezone.now(),
            resolution=Resolution.NONE,
            status_reason=reason[:255],
        )


def _begin(return_request: ReturnRequest) -> None:
    # Who ships a parcel of the order, or pays it, holds the order first.
    lock_row(return_request.order)
    claim_row(return_request)
    require_transition(return_request, ReturnRequest.Status.COMPLETED)


def _finish(
    return_request: ReturnRequest, *, at: datetime, **columns: Any
) -> ReturnRequest:
    payload = {
        "refunded": columns.get("amount_refunded", ZERO),
        "resolution": columns.get("resolution", return_request.resolution),
    }
    if reason := columns.get("status_reason"):
        payload["reason"] = reason
    if order := columns.get("replacement_order"):
        payload["replacement_order"] = order.order_number
    return change_status(
        return_request,
        ReturnRequest.Status.COMPLETED,
        event_type="return.completed",
        at=at,
        payload=payload,
        completed_at=at,
        **columns,
    )


def _refund_all(
    return_request: ReturnRequest,
    *,
    shipping_refund: Decimal,
    restocking_fee: Decimal,
    at: datetime,
) -> dict[str, Decimal]:
    """Give the money back; return the columns that say how it is made up."""
    items = return_request.items.select_related("order_item__order").order_by("pk")
    worth = settle_lines(items)
    _require_possible(
        return_request, "freight", shipping_refund, shipping_left(return_request)
    )
    _require_possible(return_request, "fee", restocking_fee, worth)
    total = worth + shipping_refund - restocking_fee
    _pay_back(return_request, total, at=at)
    return {
        "items_amount": worth,
        "shipping_refund": shipping_refund,
        "restocking_fee": restocking_fee,
        "refund_total": total,
        "amount_refunded": total,
    }


def _require_possible(
    return_request: ReturnRequest, name: str, amount: Decimal, most: Decimal
) -> None:
    currency = return_request.currency
    if 0 <= amount <= most and amount == round_money(amount, currency):
        return
    raise _not_settled(
        return_request,
        why=f"a {name} of {amount} {currency} was given, and at most {most:.2f} is"
        " possible",
        fix=f"give 0 to {most:.2f}",
    )


def _pay_back(return_request: ReturnRequest, amount: Decimal, *, at: datetime) -> None:
    """Refund the order's payments, oldest first, until ``amount`` went back."""
    left = amount
    charges = Payment.objects.filter(
        order_id=return_request.order_id,
        kind=Payment.Kind.CHARGE,
        status__in=REFUNDABLE,
    ).order_by("created_at", "pk")
    for charge in charges:
        part = min(left, charge.refundable_amount)
        if part > 0:
            refund_payment(
                charge,
                amount=part,
                reason=f"return {return_request}",
                at=at,
                idempotency_key=f"return:{return_request.pk}:{charge.pk}",
            )
            left -= part
    if left > 0:
        raise _too_little_paid(return_request, amount, left)


def _too_little_paid(
    return_request: ReturnRequest, amount: Decimal, left: Decimal
) -> RefundNotPossibleError:
    back, currency = return_request.order.amount_refunded, return_request.currency
    why = f"{amount:.2f} {currency} are to be given back, and only {amount - left:.2f}"
    if back:
        why += f" of what was paid is left: {back:.2f} went back already"
        fix = "look at the refunds of the order; if one of them was for these goods,"
    else:
        why += " of them were paid"
        fix = "record the missing payment, or"
    return RefundNotPossibleError(
        f"Return {return_request} was not completed.",
        why=why,
        fix=f"{fix} complete it with the button “Complete without refund”",
    )


def _not_settled(
    return_request: ReturnRequest, *, why: str, fix: str
) -> ResolutionRefusedError:
    return ResolutionRefusedError(
        f"Return {return_request} was not completed.", why=why, fix=fix
    )
