from __future__ import annotations

from returns.services.approvals import decide_return
from returns.services.claims import (
    decide_claim,
    resolve_claim,
    submit_claim,
    withdraw_claim,
)
from returns.services.completion import complete_return, complete_without_refund
from returns.services.expiring import expire_returns
from returns.services.inspection import Finding, inspect_return
from returns.services.receiving import close_return_short, receive_return
from returns.services.reopening import reopen_return
from returns.services.requests import (
    cancel_return,
    change_resolution,
    request_return,
)
from returns.services.returnable import returnable_quantity
from returns.services.warranties import (
    expire_warranties,
    register_warranties,
    void_warranty,
)

__all__ = [
    "Finding",
    "cancel_return",
    "change_resolution",
    "close_return_short",
    "complete_return",
    "complete_without_refund",
    "decide_claim",
    "decide_return",
    "expire_returns",
    "expire_warranties",
    "inspect_return",
    "receive_return",
    "register_warranties",
    "reopen_return",
    "request_return",
    "resolve_claim",
    "returnable_quantity",
    "submit_claim",
    "void_warranty",
    "withdraw_claim",
]
