"""What a stock row is for, without a foreign key upwards."""

from __future__ import annotations

from django.db import models


class ReferenceType(models.TextChoices):
    """The document that asked; ``reference_id`` is its key.

    Never null: a null would slip past the unique indexes over references.
    """

    OPENING = "opening", "Opening stock"
    ADJUSTMENT = "adjustment", "Adjustment"
    COUNT = "count", "Stock count"
    TRANSFER = "transfer", "Transfer"
    HOLD = "hold", "Set aside"
    ORDER = "order", "Order"
    FULFILLMENT_ORDER = "fulfillment_order", "Fulfilment order"
    SHIPMENT = "shipment", "Shipment"
    ITEM_RECEIPT = "item_receipt", "Item receipt"
    WORK_ORDER = "work_order", "Work order"
    RETURN = "return", "Return"
    CASH_SALE = "cash_sale", "Cash sale"
