"""What the box on the home page knows of goods and how they come in."""

from __future__ import annotations

from inventory.models import (
    BillOfMaterials,
    ItemReceipt,
    Location,
    Product,
    ProductVariant,
    PurchaseOrder,
    ShippingNotice,
    Supplier,
    WorkOrder,
)
from stateset.lib.quick_search import Lookup

LOOKUPS = [
    Lookup(ProductVariant, ["sku"]),
    Lookup(Product, ["sku"]),
    Lookup(PurchaseOrder, ["po_number"]),
    Lookup(ShippingNotice, ["asn_number", "tracking_number"]),
    Lookup(ItemReceipt, ["receipt_number"]),
    Lookup(WorkOrder, ["work_order_number"]),
    Lookup(BillOfMaterials, ["bom_number"]),
    Lookup(Supplier, ["code"]),
    Lookup(Location, ["code"]),
]
