"""What is personal in suppliers and in what people write about goods."""

from __future__ import annotations

from inventory.models import (
    BillOfMaterials,
    BomLineItem,
    ItemReceipt,
    Location,
    Product,
    ProductVariant,
    PurchaseOrder,
    ShippingNotice,
    StockAllocation,
    StockReservation,
    StockTransaction,
    Supplier,
    WorkOrder,
    WorkOrderOperation,
)
from stateset.lib.anonymise import table
from stateset.lib.anonymise_rules import (
    CITY,
    CODE,
    COMPANY,
    EMAIL,
    FREE_TEXT,
    PERSON,
    PHONE,
    PLAIN,
    POSTAL_CODE,
    PROVINCE,
    STREET,
    own_keys,
)

TABLES = (
    table(Product, "sku", "name", "description", "category", "brand"),
    table(ProductVariant, "sku", "barcode", "name", "uom"),
    # Where the company itself is.
    table(
        Location,
        "code",
        "name",
        "line1",
        "city",
        "postal_code",
        "country_code",
    ),
    table(BillOfMaterials, "bom_number", "revision", "name", notes=FREE_TEXT),
    table(BomLineItem, notes=FREE_TEXT),
    table(
        WorkOrder,
        "work_order_number",
        "held_from",
        status_reason=FREE_TEXT,
        notes=FREE_TEXT,
    ),
    table(WorkOrderOperation, "name", "work_center", notes=FREE_TEXT),
    table(
        Supplier,
        "code",
        "country_code",
        name=COMPANY,
        contact_name=PERSON,
        email=EMAIL,
        phone=PHONE,
        line1=STREET,
        city=CITY,
        province=PROVINCE,
        postal_code=POSTAL_CODE,
        notes=FREE_TEXT,
    ),
    table(PurchaseOrder, "po_number", notes=FREE_TEXT, status_reason=FREE_TEXT),
    table(
        ShippingNotice,
        "asn_number",
        "carrier",
        tracking_number=CODE,
        notes=FREE_TEXT,
    ),
    table(ItemReceipt, "receipt_number", status_reason=FREE_TEXT, notes=FREE_TEXT),
    table(StockReservation, close_reason=FREE_TEXT),
    table(StockAllocation, close_reason=FREE_TEXT),
    table(
        StockTransaction,
        reason=FREE_TEXT,
        idempotency_key=own_keys("receipt", "return_item", "work_order"),
    ),
)

PAYLOAD = {
    "bom_number": PLAIN,
    "condition": PLAIN,
    "material_cost": PLAIN,
    "po_number": PLAIN,
    "receipt_number": PLAIN,
    "reference_id": PLAIN,
    "reference_line_id": PLAIN,
    "reference_type": PLAIN,
    "replaces": PLAIN,
    "revision": PLAIN,
    "supplier_id": PLAIN,
    "unabsorbed_cost": PLAIN,
    "unit_cost": PLAIN,
    "work_order_number": PLAIN,
}
