from __future__ import annotations

from inventory.models.catalogue.product import Product, ProductVariant
from inventory.models.manufacturing.bom import BillOfMaterials, BomLineItem
from inventory.models.manufacturing.work_order import WorkOrder, WorkOrderOperation
from inventory.models.procurement.purchase_order import (
    PurchaseOrder,
    PurchaseOrderItem,
)
from inventory.models.procurement.receipt import ItemReceipt
from inventory.models.procurement.shipping_notice import (
    ShippingNotice,
    ShippingNoticeItem,
)
from inventory.models.procurement.supplier import Supplier
from inventory.models.stock.level import StockLevel
from inventory.models.stock.location import Location
from inventory.models.stock.promise import StockAllocation, StockReservation
from inventory.models.stock.references import ReferenceType
from inventory.models.stock.transaction import StockTransaction

__all__ = [
    "BillOfMaterials",
    "BomLineItem",
    "ItemReceipt",
    "Location",
    "Product",
    "ProductVariant",
    "PurchaseOrder",
    "PurchaseOrderItem",
    "ReferenceType",
    "ShippingNotice",
    "ShippingNoticeItem",
    "StockAllocation",
    "StockLevel",
    "StockReservation",
    "StockTransaction",
    "Supplier",
    "WorkOrder",
    "WorkOrderOperation",
]
