"""Decide on returns: nobody approves their own, and large ones take two people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.utils import timezone

from orders.models import Order
from returns import conf
from returns.errors import ApprovalRefusedError
from returns.models import ReturnApproval, ReturnRequest
from returns.services.amounts import estimated_refund
from stateset.accounts.models import User
from stateset.lib.fields import MoneyField
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, record_event
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import claim_row, lock_row
from stateset.system.services.transitions import save_columns

PERMISSIONS = {1: "returns.approve_return", 2: "returns.approve_large_return"}
"""What an approver of each level must hold."""

Decision = ReturnApproval.Decision


def open_approvals(
    return_request: ReturnRequest,
    *,
    is_late: bool,
    at: datetime,
    may_be_automatic: bool = True,
) -> ReturnRequest:
    """Ask for the decisions a return needs; a small one is approved at once.

    All returns of the order count, so that a large one can't be asked for in parts.
    """
    limits = conf.approval_limits()
    total = _given_back_of(return_request.order)
    if may_be_automatic and total <= limits.automatic and not is_late:
        _add_approval(return_request, level=1, automatic_at=at)
        _note_approved(return_request, None, is_first=True)
        return _approve(return_request, at=at)
    _add_approval(return_request, level=1)
    if total > limits.ordinary or is_late:
        _add_approval(return_request, level=2)
    return return_request


def _given_back_of(order: Order) -> Decimal:
    """Return what the returns of an order come to that gave money back, or may."""
    returns = order.returns.exclude(status__in=ReturnRequest.ENDED_STATUSES).exclude(
        status=ReturnRequest.Status.COMPLETED, amount_refunded=0
    )
    total: Decimal = returns.aggregate(
        total=Sum("refund_total", default=Decimal(0), output_field=MoneyField())
    )["total"]
    return total


def decide_return(
    return_request: ReturnRequest,
    *,
    approve: bool,
    reason: str = "",
    quantities: Mapping[UUID, int] | None = None,
    at: datetime | None = None,
) -> ReturnRequest:
    """Take the next decision on a return, as the acting user.

    ``quantities`` approves fewer units of some lines, by key of the return line. The
    last approval approves the return; one rejection, which says why, ends it. Raises
    ApprovalRefusedError for the requester, for who decided a lower level, and for who
    lacks the permission of the level.
    """
    moment = at or timezone.now()
    with business_transaction(reason=reason):
        # Fewer units are estimated anew, by what other returns of the order leave.
        lock_row(return_request.order)
        claim_row(return_request)
        approval = _next_approval(return_request)
        approver = _require_approver(return_request, approval)
        if not approve:
            return _reject(return_request, approval, approver, reason=reason, at=moment)
        is_first = not _round(return_request).filter(decision=Decision.APPROVED)
        _decide(approval, approver, Decision.APPROVED, reason=reason, at=moment)
        amount = _note_approved(return_request, quantities, is_first=is_first)
        amounts = {"items_amount": amount, "refund_total": amount}
        if _pending(return_request) is None:
            return _approve(return_request, at=moment, **amounts)
        save_columns(return_request, **amounts)
        record_event(
            return_request, "return.level_approved", {"level": approval.level}, at=at
        )
    return return_request


def withdraw_approvals(return_request: ReturnRequest, *, at: datetime) -> None:
    """Withdraw the decisions that nobody needs to take any more."""
    _round(return_request).filter(decision=Decision.PENDING).update(
        decision=Decision.WITHDRAWN, decided_at=at, updated_at=timezone.now()
    )


def why_not_approver(return_request: ReturnRequest, user: User | None) -> str:
    """Return why this person can't take the next decision, "" where they can."""
    return _objection(return_request, _pending(return_request), user)[0]


def _objection(
    return_request: ReturnRequest, approval: ReturnApproval | None, user: User | None
) -> tuple[str, str]:
    """Return why ``user`` can't decide, and what to do; empty where they can."""
    if return_request.status != ReturnRequest.Status.REQUESTED or approval is None:
        why = f"it is {return_request.get_status_display().lower()}"
        return why, "nothing waits for a decision here"
    if user is None:
        return "nobody is logged in", "log in as somebody who may approve returns"
    if user.pk == return_request.requested_by_id:
        return "who asked for a return can't approve it", "ask a colleague"
    if _round(return_request).filter(approver=user).exists():
        return "this person decided an earlier level", "ask a colleague"
    permission = PERMISSIONS[approval.level]
    if not user.has_perm(permission):
        return f"{user} lacks the permission {permission}", "ask a manager to decide"
    return "", ""


def _require_approver(return_request: ReturnRequest, approval: ReturnApproval) -> User:
    user_id = acting_user_id()
    user = User.objects.filter(pk=user_id).first() if user_id else None
    why, fix = _objection(return_request, approval, user)
    if why or user is None:
        raise ApprovalRefusedError(
            f"Return {return_request} was not decided.", why=why, fix=fix
        )
    return user


def _next_approval(return_request: ReturnRequest) -> ReturnApproval:
    approval = _pending(return_request)
    if return_request.status != ReturnRequest.Status.REQUESTED or approval is None:
        why, fix = _objection(return_request, None, None)
        raise ApprovalRefusedError(
            f"Return {return_request} was not decided.", why=why, fix=fix
        )
    return approval


def _round(return_request: ReturnRequest) -> QuerySet[ReturnApproval]:
    return return_request.approvals.filter(round=return_request.approval_round)


def _pending(return_request: ReturnRequest) -> ReturnApproval | None:
    pending = _round(return_request).filter(decision=Decision.PENDING)
    return pending.order_by("level").first()


def _note_approved(
    return_request: ReturnRequest,
    quantities: Mapping[UUID, int] | None,
    *,
    is_first: bool,
) -> Decimal:
    """Note how many units of each line are approved; return what they are worth."""
    items = list(
        return_request.items.select_related("order_item__order").order_by("pk")
    )
    most = {i.pk: i.quantity if is_first else i.quantity_approved for i in items}
    approved = {**most, **(quantities or {})}
    _require_within(return_request, approved, most)
    for item in items:
        units = approved[item.pk]
        if units != most[item.pk]:
            item.refund_amount = estimated_refund(
                item.order_item, quantity=units, without=item
            )
        item.quantity_approved = units
        item.save(update_fields=["quantity_approved", "refund_amount", "updated_at"])
    return sum((item.refund_amount for item in items), Decimal(0))


def _require_within(
    return_request: ReturnRequest,
    approved: Mapping[UUID, int],
    most: Mapping[UUID, int],
) -> None:
    why, fix = "", "approve at most what was asked for"
    if approved.keys() != most.keys():
        why = "a line is of another return"
    elif any(not 0 <= approved[key] <= most[key] for key in most):
        why = "a line is approved with more units than were asked for"
    elif not any(approved.values()):
        why, fix = "no unit is approved", "reject it, and say why"
    if why:
        raise ApprovalRefusedError(
            f"Return {return_request} was not approved.", why=why, fix=fix
        )


def _approve(
    return_request: ReturnRequest, *, at: datetime, **columns: Any
) -> ReturnRequest:
    return change_status(
        return_request,
        ReturnRequest.Status.APPROVED,
        event_type="return.approved",
        at=at,
        approved_at=at,
        expires_at=at + conf.return_life(),
        **columns,
    )


def _reject(
    return_request: ReturnRequest,
    approval: ReturnApproval,
    approver: User,
    *,
    reason: str,
    at: datetime,
) -> ReturnRequest:
    if not reason.strip():
        raise ApprovalRefusedError(
            f"Return {return_request} was not rejected.",
            why="no reason was given, and the customer will ask for one",
            fix="say why",
        )
    _decide(approval, approver, Decision.REJECTED, reason=reason, at=at)
    withdraw_approvals(return_request, at=at)
    return change_status(
        return_request,
        ReturnRequest.Status.REJECTED,
        event_type="return.rejected",
        at=at,
        payload={"reason": reason},
        status_reason=reason[:255],
    )


def _decide(
    approval: ReturnApproval,
    approver: User,
    decision: str,
    *,
    reason: str,
    at: datetime,
) -> None:
    approval.decision = decision
    approval.approver = approver
    approval.reason = reason[:255]
    approval.decided_at = at
    approval.save()


def _add_approval(
    return_request: ReturnRequest, *, level: int, automatic_at: datetime | None = None
) -> None:
    ReturnApproval.objects.create(
        return_request=return_request,
        round=return_request.approval_round,
        level=level,
        amount=return_request.refund_total,
        decision=Decision.APPROVED if automatic_at else Decision.PENDING,
        is_automatic=automatic_at is not None,
        reason="within the limit for automatic approval" if automatic_at else "",
        decided_at=automatic_at,
    )
