from __future__ import annotations

from inventory.admin.manufacturing.bom import BillOfMaterialsAdmin, BomLineItemAdmin
from inventory.admin.manufacturing.work_order import (
    WorkOrderAdmin,
    WorkOrderOperationAdmin,
)
from inventory.admin.procurement.purchase_order import (
    PurchaseOrderAdmin,
    PurchaseOrderItemAdmin,
)
from inventory.admin.procurement.receipt import ItemReceiptAdmin
from inventory.admin.procurement.shipping_notice import (
    ShippingNoticeAdmin,
    ShippingNoticeItemAdmin,
)
from inventory.admin.procurement.supplier import SupplierAdmin

__all__ = [
    "BillOfMaterialsAdmin",
    "BomLineItemAdmin",
    "ItemReceiptAdmin",
    "PurchaseOrderAdmin",
    "PurchaseOrderItemAdmin",
    "ShippingNoticeAdmin",
    "ShippingNoticeItemAdmin",
    "SupplierAdmin",
    "WorkOrderAdmin",
    "WorkOrderOperationAdmin",
]
