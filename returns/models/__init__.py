from __future__ import annotations

from returns.models.return_approval import ReturnApproval
from returns.models.return_item import ReturnItem
from returns.models.return_request import ReturnReason, ReturnRequest
from returns.models.warranty import Warranty, WarrantyClaim

__all__ = [
    "ReturnApproval",
    "ReturnItem",
    "ReturnReason",
    "ReturnRequest",
    "Warranty",
    "WarrantyClaim",
]
