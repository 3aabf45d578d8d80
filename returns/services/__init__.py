from __future__ import annotations

from returns.services.approvals import decide_return
from returns.services.claims import (
    decide_claim,
    resolve_claim,
    submit_claim,
    withdraw_claim,
)
from returns.services.completion import complete_return, complete_without_refund
from returns.services.goods import inspect_return, receive_return
from returns.services.requests import cancel_return, request_return
from returns.services.warranties import (
    expire_warranties,
    register_warranties,
    void_warranty,
)

__all__ = [
    "cancel_return",
    "complete_return",
    "complete_without_refund",
    "decide_claim",
    "decide_return",
    "expire_warranties",
    "inspect_return",
    "receive_return",
    "register_warranties",
    "request_return",
    "resolve_claim",
    "submit_claim",
    "void_warranty",
    "withdraw_claim",
]
