from __future__ import annotations

from returns.admin import order_page
from returns.admin.return_item import ReturnItemAdmin
from returns.admin.return_request import ReturnApprovalAdmin, ReturnRequestAdmin
from returns.admin.warranty import WarrantyAdmin, WarrantyClaimAdmin

__all__ = [
    "ReturnApprovalAdmin",
    "ReturnItemAdmin",
    "ReturnRequestAdmin",
    "WarrantyAdmin",
    "WarrantyClaimAdmin",
    "order_page",
]
