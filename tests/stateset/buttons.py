"""A document for every button: in a state where it is offered, and what is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Model

from fulfillment.services import pack_fulfillment
from inventory.models import (
    ItemReceipt,
    ProductVariant,
    PurchaseOrder,
    StockLevel,
    StockReservation,
    WorkOrder,
    WorkOrderOperation,
)
from inventory.services.catalogue import deactivate_variant
from inventory.services.manufacturing import (
    OperationPlan,
    complete_work_order,
    hold_work_order,
    release_work_order,
    start_operation,
)
from inventory.services.procurement import (
    announce_shipping_notice,
    approve_purchase_order,
    block_supplier,
    create_shipping_notice,
    receive_purchase_order,
    submit_purchase_order,
)
from inventory.services.stock import hold_stock
from inventory.services.stock.locations import close_location
from orders.models import Cart, Customer, Order
from orders.services import (
    OrderLine,
    change_customer_status,
    confirm_order,
    hold_order,
    set_cart_item,
)
from stateset.accounts.models import ApiKey, RefreshToken
from stateset.accounts.services import (
    deactivate_user,
    issue_api_key,
    issue_refresh_token,
)
from stateset.lib.admin import GuidedAction, StatesetAdmin
from stateset.system.models import Event, OutboxMessage, Seal
from stateset.system.sealing.flow import seal_log
from stateset.system.services import record_event
from stateset.system.triggers import ledgers_open
from tests.finance.builders import make_debt
from tests.fulfillment.builders import (
    make_packed,
    make_picking,
    make_ready,
    make_released,
    make_shipment,
    make_shipped,
)
from tests.inventory.builders import (
    make_level,
    make_location,
    make_product,
    make_supplier,
    make_variant,
)
from tests.inventory.manufacturing.builders import (
    make_active_bom,
    make_bom,
    make_running_order,
    make_work_order,
)
from tests.inventory.procurement.builders import (
    line_ids,
    make_purchase_order,
    make_sent_order,
)
from tests.orders.builders import (
    make_address,
    make_cart,
    make_confirmed_order,
    make_customer,
    make_order,
    make_short_order,
    make_stocked_variant,
    stock,
)
from tests.orders.builders import make_variant as make_service
from tests.stateset.builders import make_user

Typed = Mapping[str, Any]
REASON: Typed = {"reason": "asked by phone"}


@dataclass(frozen=True)
class Press:
    """How a button is reached, and what its page wants beside what it shows."""

    make: Callable[[], Model]
    typed: Typed | Callable[[Any], Typed] = field(default_factory=dict)

    def types(self, row: Model) -> Typed:
        """Return what a person types on the page of ``row``."""
        return self.typed(row) if callable(self.typed) else self.typed


def every_button() -> dict[str, tuple[StatesetAdmin, GuidedAction]]:
    """Return each guided action of the site by ``app.model/action``."""
    return {
        f"{page.opts.label_lower}/{action.name}": (page, action)
        for page in admin.site._registry.values()
        if isinstance(page, StatesetAdmin)
        for action in page.guided_actions
    }


def make_broken_seal() -> Seal:
    """Return the seal of an event that somebody changed behind our back."""
    user = make_user()
    event = record_event(user, "user.seen")
    seal_log()
    with ledgers_open():
        Event.objects.filter(pk=event.pk).update(event_type="user.hidden")
    return Seal.objects.get(table_name="events")


def make_partly_shipped() -> Order:
    """Return an order of five units, of which three have left."""
    variant = make_stocked_variant(5)
    order = make_confirmed_order(lines=[OrderLine(variant, 5)])
    line = order.items.get().pk
    make_shipped(pack_fulfillment(make_picking(order), quantities={line: 3}))
    return order


def make_full_cart() -> Cart:
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(), quantity=1)
    return cart


def make_dearer_cart() -> Cart:
    cart = make_full_cart()
    ProductVariant.objects.update(price=Decimal(12))
    return cart


def make_unsold_variant() -> ProductVariant:
    return make_variant(product=make_product(status="draft"))


def make_suspended() -> Customer:
    return change_customer_status(make_customer(), to="suspended", reason="unpaid")


def make_services_order() -> Model:
    service = make_service(is_stocked=False)
    return make_confirmed_order(lines=[OrderLine(service, 1)])


def make_order_to_complete() -> Model:
    """Return an order that waits for two units, of which one has come in."""
    order = confirm_order(make_short_order(), partly=True)
    stock(order.items.order_by("line_number")[0].variant, 1)
    return order


def make_supplied(*received: int) -> Model:
    """Return a sent order over 10, of which this many came, one delivery each."""
    order = make_sent_order(10)
    for quantity in received:
        receive_purchase_order(order, quantities={line_ids(order)[0]: quantity})
    return order


def make_receipt() -> ItemReceipt:
    make_supplied(4)
    return ItemReceipt.objects.get()


def make_notice() -> Model:
    return create_shipping_notice(make_sent_order())


def make_announced() -> Model:
    order = make_sent_order()
    return announce_shipping_notice(order, quantities={line_ids(order)[0]: 1})


def make_submitted() -> PurchaseOrder:
    return submit_purchase_order(make_purchase_order())


def make_held_stock() -> StockReservation:
    hold_stock(level=make_level(on_hand=10), quantity=3, until=None, reason="a friend")
    return StockReservation.objects.get()


def make_level_and_a_place() -> StockLevel:
    make_location()
    return make_level(on_hand=10)


def make_begun_order() -> WorkOrder:
    """Return a work order of which a part is made already."""
    return complete_work_order(make_running_order(), 4)


def make_step(*, started: bool = False) -> WorkOrderOperation:
    order = make_running_order(operations=(OperationPlan("Roast", "Drum 1", 30),))
    step = WorkOrderOperation.objects.get(work_order=order)
    return start_operation(step) if started else step


def make_key() -> ApiKey:
    issue_api_key(user=make_user(), name="probe", scopes=["metrics:read"])
    return ApiKey.objects.get()


def make_login() -> RefreshToken:
    token, _ = issue_refresh_token(make_user())
    return token


def make_message(status: str) -> OutboxMessage:
    make_order()
    message = OutboxMessage.objects.order_by("id")[0]
    OutboxMessage.objects.filter(pk=message.pk).update(status=status)
    message.refresh_from_db()
    return message


def other_address(order: Any) -> Typed:
    return {"shipping": str(make_address(order.customer).pk)}


def other_place(level: Any) -> Typed:
    place = type(level.location).objects.exclude(pk=level.location_id).get()
    return {"target": str(place.pk), "quantity": "2", **REASON}


PRESSES: Mapping[str, Press] = {
    "accounts.apikey/revoke": Press(make_key, REASON),
    "accounts.refreshtoken/end": Press(make_login),
    "accounts.user/activate": Press(
        lambda: deactivate_user(make_user(), reason="left"), REASON
    ),
    "accounts.user/deactivate": Press(make_user, REASON),
    "accounts.user/reset": Press(make_user),
    "fulfillment.fulfillmentorder/cancel": Press(make_released, REASON),
    "fulfillment.fulfillmentorder/pack": Press(make_picking),
    "fulfillment.fulfillmentorder/pick": Press(make_released),
    "fulfillment.fulfillmentorder/ship": Press(make_packed),
    "fulfillment.fulfillmentorder/stop": Press(make_picking),
    "fulfillment.shipment/cancel": Press(make_ready, REASON),
    "fulfillment.shipment/deliver": Press(make_shipped),
    "fulfillment.shipment/ready": Press(make_shipment),
    "fulfillment.shipment/scan": Press(
        make_shipped, {"status": "in_transit", "occurred_at": "2026-11-21T09:00"}
    ),
    "fulfillment.shipment/ship": Press(make_ready),
    "inventory.billofmaterials/activate": Press(make_bom),
    "inventory.billofmaterials/copy": Press(make_active_bom),
    "inventory.billofmaterials/obsolete": Press(make_active_bom),
    "inventory.itemreceipt/reverse": Press(make_receipt, REASON),
    "inventory.location/close": Press(make_location),
    "inventory.location/default": Press(make_location),
    "inventory.location/open": Press(lambda: close_location(make_location())),
    "inventory.product/activate": Press(lambda: make_unsold_variant().product),
    "inventory.product/archive": Press(make_product),
    "inventory.productvariant/activate": Press(
        lambda: deactivate_variant(make_unsold_variant())
    ),
    "inventory.productvariant/deactivate": Press(make_unsold_variant),
    "inventory.purchaseorder/approve": Press(make_submitted),
    "inventory.purchaseorder/cancel": Press(make_purchase_order, REASON),
    "inventory.purchaseorder/close": Press(lambda: make_supplied(4), REASON),
    "inventory.purchaseorder/receive": Press(make_supplied),
    "inventory.purchaseorder/return": Press(make_submitted, REASON),
    "inventory.purchaseorder/send": Press(
        lambda: approve_purchase_order(make_submitted())
    ),
    "inventory.purchaseorder/submit": Press(make_purchase_order),
    "inventory.shippingnotice/announce": Press(make_notice),
    "inventory.shippingnotice/cancel": Press(make_announced, REASON),
    "inventory.shippingnotice/deliver": Press(make_announced),
    "inventory.shippingnotice/receive": Press(make_announced),
    "inventory.shippingnotice/transit": Press(
        make_announced, {"tracking_number": "1Z999"}
    ),
    "inventory.stocklevel/adjust": Press(
        lambda: make_level(on_hand=10), {"delta": "-3", **REASON}
    ),
    "inventory.stocklevel/count": Press(
        lambda: make_level(on_hand=10), {"counted": "13", **REASON}
    ),
    "inventory.stocklevel/hold": Press(
        lambda: make_level(on_hand=10), {"quantity": "3", **REASON}
    ),
    "inventory.stocklevel/scrap": Press(
        lambda: make_level(on_hand=10), {"quantity": "3", **REASON}
    ),
    "inventory.stocklevel/transfer": Press(make_level_and_a_place, other_place),
    "inventory.stockreservation/release": Press(make_held_stock, REASON),
    "inventory.supplier/block": Press(make_supplier, REASON),
    "inventory.supplier/unblock": Press(
        lambda: block_supplier(make_supplier(), reason="late"), REASON
    ),
    "inventory.workorder/cancel": Press(make_work_order, REASON),
    "inventory.workorder/close_short": Press(make_begun_order, REASON),
    "inventory.workorder/complete": Press(make_running_order),
    "inventory.workorder/hold": Press(make_running_order, REASON),
    "inventory.workorder/release": Press(make_work_order),
    "inventory.workorder/resume": Press(
        lambda: hold_work_order(make_running_order(), reason="no power")
    ),
    "inventory.workorder/start": Press(lambda: release_work_order(make_work_order())),
    "inventory.workorderoperation/complete": Press(lambda: make_step(started=True)),
    "inventory.workorderoperation/skip": Press(make_step, REASON),
    "inventory.workorderoperation/start": Press(make_step),
    "orders.address/archive": Press(lambda: make_address(make_customer())),
    "orders.cart/expire": Press(make_full_cart),
    "orders.cart/order": Press(make_full_cart, {"shipping_total": "5.90"}),
    "orders.cart/refresh": Press(make_dearer_cart),
    "orders.customer/deactivate": Press(make_customer, REASON),
    "orders.customer/erase": Press(
        make_customer, lambda row: {"reason": "request", "number": row.customer_number}
    ),
    "orders.customer/reactivate": Press(make_suspended, REASON),
    "orders.customer/suspend": Press(make_customer, REASON),
    "orders.order/addresses": Press(make_order, other_address),
    "orders.order/authorize": Press(make_debt, {"method": "card"}),
    "orders.order/cancel": Press(make_confirmed_order, REASON),
    "orders.order/close-short": Press(make_partly_shipped, REASON),
    "orders.order/complete": Press(make_services_order),
    "orders.order/confirm": Press(make_order),
    "orders.order/confirm-partly": Press(make_short_order),
    "orders.order/hold": Press(make_confirmed_order, REASON),
    "orders.order/invoice": Press(make_confirmed_order),
    "orders.order/pay": Press(make_debt, {"method": "card"}),
    "orders.order/release": Press(make_confirmed_order),
    "orders.order/reserve-rest": Press(make_order_to_complete),
    "orders.order/resume": Press(
        lambda: hold_order(make_confirmed_order(), reason="unpaid")
    ),
    "system.seal/accept": Press(make_broken_seal, REASON),
    "system.outboxmessage/discard": Press(lambda: make_message("held")),
    "system.outboxmessage/release": Press(lambda: make_message("held")),
    "system.outboxmessage/retry": Press(lambda: make_message("failed")),
}
"""One entry a button; the apps of ``PRESSED_ELSEWHERE`` press theirs in folders."""

PRESSED_ELSEWHERE: Mapping[str, str] = {
    "finance": "tests/finance/admin",
    "returns": "tests/returns",
}
