"""Decide on returns: nobody approves their own, and large ones take two people."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from returns import conf
from returns.errors import ApprovalRefusedError
from returns.models import ReturnApproval, ReturnRequest
from stateset.accounts.models import User
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status
from stateset.system.services.actors import acting_user_id
from stateset.system.services.locks import claim_row

PERMISSIONS = {1: "returns.approve_return", 2: "returns.approve_large_return"}
"""What an approver of each level must hold."""


def open_approvals(
    return_request: ReturnRequest, *, is_late: bool, at: datetime
) -> ReturnRequest:
    """Ask for the decisions a new return needs; a small one is approved at once."""
    limits = conf.approval_limits()
    total = return_request.refund_total
    if total <= limits.automatic and not is_late:
        _add_approval(return_request, level=1, automatic_at=at)
        return _approve(return_request, at=at)
    _add_approval(return_request, level=1)
    if total > limits.ordinary or is_late:
        _add_approval(return_request, level=2)
    return return_request


def decide_return(
    return_request: ReturnRequest,
    *,
    approve: bool,
    reason: str = "",
    at: datetime | None = None,
) -> ReturnRequest:
    """Take the next decision on a return, as the acting user.

    The last approval approves the return; one rejection, which says why, ends it.
    Raises ApprovalRefusedError for the requester, for who decided a lower level,
    and for who lacks the permission of the level.
    """
    moment = at or timezone.now()
    with business_transaction(reason=reason):
        claim_row(return_request)
        approval = _next_approval(return_request)
        approver = _require_approver(return_request, approval)
        if not approve and not reason.strip():
            raise ApprovalRefusedError(
                f"Return {return_request} was not rejected.",
                why="no reason was given, and the customer will ask for one",
                fix="say why",
            )
        approval.decision = (
            ReturnApproval.Decision.APPROVED
            if approve
            else ReturnApproval.Decision.REJECTED
        )
        approval.approver = approver
        approval.reason = reason[:255]
        approval.decided_at = moment
        approval.save()
        if not approve:
            return _reject(return_request, reason=reason, at=moment)
        if _pending(return_request) is None:
            return _approve(return_request, at=moment)
    return return_request


def _approve(return_request: ReturnRequest, *, at: datetime) -> ReturnRequest:
    return change_status(
        return_request,
        ReturnRequest.Status.APPROVED,
        event_type="return.approved",
        at=at,
        approved_at=at,
    )


def _reject(
    return_request: ReturnRequest, *, reason: str, at: datetime
) -> ReturnRequest:
    return change_status(
        return_request,
        ReturnRequest.Status.REJECTED,
        event_type="return.rejected",
        at=at,
        status_reason=reason[:255],
    )


def _add_approval(
    return_request: ReturnRequest, *, level: int, automatic_at: datetime | None = None
) -> None:
    decision = (
        ReturnApproval.Decision.APPROVED
        if automatic_at
        else ReturnApproval.Decision.PENDING
    )
    ReturnApproval.objects.create(
        return_request=return_request,
        level=level,
        amount=return_request.refund_total,
        decision=decision,
        is_automatic=automatic_at is not None,
        reason="within the limit for automatic approval" if automatic_at else "",
        decided_at=automatic_at,
    )


def _pending(return_request: ReturnRequest) -> ReturnApproval | None:
    return (
        return_request.approvals.filter(decision=ReturnApproval.Decision.PENDING)
        .order_by("level")
        .first()
    )


def _next_approval(return_request: ReturnRequest) -> ReturnApproval:
    approval = _pending(return_request)
    if return_request.status != ReturnRequest.Status.REQUESTED or approval is None:
        raise ApprovalRefusedError(
            f"Return {return_request} was not decided.",
            why=f"it is {return_request.get_status_display().lower()}",
            fix="nothing waits for a decision here",
        )
    return approval


def _require_approver(return_request: ReturnRequest, approval: ReturnApproval) -> User:
    user_id = acting_user_id()
    user = User.objects.filter(pk=user_id).first() if user_id else None
    permission = PERMISSIONS[approval.level]
    if user is None:
        why, fix = "nobody is logged in", "log in as somebody who may approve returns"
    elif user.pk == return_request.requested_by_id:
        why, fix = "who asked for a return can't approve it", "ask a colleague"
    elif return_request.approvals.filter(approver=user).exists():
        why, fix = "this person decided an earlier level", "ask a colleague"
    elif not user.has_perm(permission):
        why = f"{user} lacks the permission {permission}"
        fix = "ask a manager to decide"
    else:
        return user
    raise ApprovalRefusedError(
        f"Return {return_request} was not decided.", why=why, fix=fix
    )
