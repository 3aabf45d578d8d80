"""Call off the returns that were approved and never came."""

from __future__ import annotations

from datetime import datetime

from returns.models import ReturnRequest
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status

EXPIRED_AT_ONCE = 200


def expire_returns(*, at: datetime) -> int:
    """Cancel the approved returns of which nothing came by ``expires_at``.

    Their units may be returned again. In batches of their own transactions, so that
    a run that is stopped is finished by the next; what another flow is just changing
    is left to it. Returns how many.
    """
    expired = 0
    while True:
        with business_transaction(reason="expired"):
            overdue = list(
                ReturnRequest.objects.overdue(at)
                .select_for_update(skip_locked=True, no_key=True)
                .order_by("pk")[:EXPIRED_AT_ONCE]
            )
            for return_request in overdue:
                _expire(return_request, at=at)
        expired += len(overdue)
        if len(overdue) < EXPIRED_AT_ONCE:
            return expired


def _expire(return_request: ReturnRequest, *, at: datetime) -> None:
    reason = f"nothing came by {return_request.expires_at:%Y-%m-%d}"
    change_status(
        return_request,
        ReturnRequest.Status.CANCELLED,
        event_type="return.expired",
        at=at,
        payload={"reason": reason},
        status_reason=reason,
    )
