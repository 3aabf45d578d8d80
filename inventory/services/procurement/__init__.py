"""Everything that may be done to suppliers, purchase orders and what comes in."""

from __future__ import annotations

from inventory.services.procurement.drafting import (
    PurchaseLine,
    create_purchase_order,
    recalculate_purchase_order,
)
from inventory.services.procurement.lifecycle import (
    approve_purchase_order,
    cancel_purchase_order,
    close_purchase_order,
    return_purchase_order,
    send_purchase_order,
    submit_purchase_order,
)
from inventory.services.procurement.notices import (
    announce_shipping_notice,
    cancel_shipping_notice,
    create_shipping_notice,
    mark_notice_delivered,
    mark_notice_in_transit,
    submit_shipping_notice,
)
from inventory.services.procurement.receiving import (
    receive_opening_stock,
    receive_purchase_order,
)
from inventory.services.procurement.reversing import reverse_receipt
from inventory.services.procurement.settling import derive_order_status
from inventory.services.procurement.suppliers import block_supplier, unblock_supplier

__all__ = [
    "PurchaseLine",
    "announce_shipping_notice",
    "approve_purchase_order",
    "block_supplier",
    "cancel_purchase_order",
    "cancel_shipping_notice",
    "close_purchase_order",
    "create_purchase_order",
    "create_shipping_notice",
    "derive_order_status",
    "mark_notice_delivered",
    "mark_notice_in_transit",
    "recalculate_purchase_order",
    "receive_opening_stock",
    "receive_purchase_order",
    "return_purchase_order",
    "reverse_receipt",
    "send_purchase_order",
    "submit_purchase_order",
    "submit_shipping_notice",
    "unblock_supplier",
]
