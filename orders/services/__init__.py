from __future__ import annotations

from orders.services.carts import (
    checkout_cart,
    expire_cart,
    expire_carts,
    get_or_open_cart,
    refresh_cart_prices,
    set_cart_item,
)
from orders.services.closing import close_order_short
from orders.services.customers import (
    archive_address,
    change_customer_status,
    create_customer,
    save_address,
    update_customer,
)
from orders.services.editing import (
    can_change_addresses,
    can_edit_lines,
    change_order_addresses,
    recalculate_order,
    update_order_details,
    update_order_lines,
)
from orders.services.lifecycle import (
    begin_processing,
    cancel_order,
    cancel_unpaid_orders,
    confirm_order,
    hold_order,
    record_delivered,
    resume_order,
)
from orders.services.placing import place_order
from orders.services.pricing import OrderLine
from orders.services.progress import (
    apply_payment_totals,
    record_packed,
    record_returned,
    record_shipped,
    record_unpacked,
)
from orders.services.reserving import (
    free_units,
    order_reference,
    reserve_backordered,
    why_not_partly,
    why_not_reserved,
)

__all__ = [
    "OrderLine",
    "apply_payment_totals",
    "archive_address",
    "begin_processing",
    "can_change_addresses",
    "can_edit_lines",
    "cancel_order",
    "cancel_unpaid_orders",
    "change_customer_status",
    "change_order_addresses",
    "checkout_cart",
    "close_order_short",
    "confirm_order",
    "create_customer",
    "expire_cart",
    "expire_carts",
    "free_units",
    "get_or_open_cart",
    "hold_order",
    "order_reference",
    "place_order",
    "recalculate_order",
    "record_delivered",
    "record_packed",
    "record_returned",
    "record_shipped",
    "record_unpacked",
    "refresh_cart_prices",
    "reserve_backordered",
    "resume_order",
    "save_address",
    "set_cart_item",
    "update_customer",
    "update_order_details",
    "update_order_lines",
    "why_not_partly",
    "why_not_reserved",
]
