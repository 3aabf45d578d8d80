from __future__ import annotations

from returns.models.return_request import (
    ReturnApproval,
    ReturnItem,
    ReturnReason,
    ReturnRequest,
)
from returns.models.warranty import Warranty, WarrantyClaim

__all__ = [
    "ReturnApproval",
    "ReturnItem",
    "ReturnReason",
    "ReturnRequest",
    "Warranty",
    "WarrantyClaim",
]
