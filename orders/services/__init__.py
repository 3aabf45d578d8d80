from __future__ import annotations

from orders.services.lifecycle import (
    begin_processing,
    cancel_order,
    confirm_order,
    hold_order,
    order_reference,
    record_delivered,
    resume_order,
)
from orders.services.locks import lock_row
from orders.services.placing import place_order
from orders.services.pricing import OrderLine
from orders.services.progress import (
    apply_payment_totals,
    record_packed,
    record_returned,
    record_shipped,
    record_unpacked,
)

__all__ = [
    "OrderLine",
    "apply_payment_totals",
    "begin_processing",
    "cancel_order",
    "confirm_order",
    "hold_order",
    "lock_row",
    "order_reference",
    "place_order",
    "record_delivered",
    "record_packed",
    "record_returned",
    "record_shipped",
    "record_unpacked",
    "resume_order",
]
