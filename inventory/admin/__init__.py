from __future__ import annotations

from inventory.admin.catalogue.product import ProductAdmin, ProductVariantAdmin
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
from inventory.admin.stock.level import StockLevelAdmin
from inventory.admin.stock.location import LocationAdmin
from inventory.admin.stock.promise import StockAllocationAdmin, StockReservationAdmin
from inventory.admin.stock.transaction import StockTransactionAdmin

__all__ = [
    "BillOfMaterialsAdmin",
    "BomLineItemAdmin",
    "ItemReceiptAdmin",
    "LocationAdmin",
    "ProductAdmin",
    "ProductVariantAdmin",
    "PurchaseOrderAdmin",
    "PurchaseOrderItemAdmin",
    "ShippingNoticeAdmin",
    "ShippingNoticeItemAdmin",
    "StockAllocationAdmin",
    "StockLevelAdmin",
    "StockReservationAdmin",
    "StockTransactionAdmin",
    "SupplierAdmin",
    "WorkOrderAdmin",
    "WorkOrderOperationAdmin",
]
