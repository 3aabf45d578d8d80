"""Ways that the demo company does not go, to statuses it does not meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finance.services import (
    cancel_payment,
    expire_authorizations,
    fail_payment,
    record_payment,
    void_cash_sale,
    void_invoice,
    void_payment,
)
from fulfillment.services import cancel_fulfillment, cancel_shipment, record_tracking
from inventory.models import ItemReceipt, WorkOrderOperation
from inventory.services.catalogue import activate_product, archive_product
from inventory.services.manufacturing import (
    OperationPlan,
    cancel_work_order,
    close_work_order_short,
    complete_operation,
    complete_work_order,
    hold_work_order,
    obsolete_bom,
    release_work_order,
    skip_operation,
    start_operation,
)
from inventory.services.procurement import (
    announce_shipping_notice,
    block_supplier,
    cancel_purchase_order,
    cancel_shipping_notice,
    close_purchase_order,
    mark_notice_delivered,
    mark_notice_in_transit,
    receive_purchase_order,
    reverse_receipt,
)
from inventory.services.stock import hold_stock
from inventory.services.stock.reservations import expire_reservations
from orders.models import Order
from orders.services import (
    OrderLine,
    cancel_order,
    change_customer_status,
    checkout_cart,
    expire_cart,
    hold_order,
    set_cart_item,
)
from returns.models import ReturnRequest, Warranty, WarrantyClaim
from returns.services import (
    cancel_return,
    decide_claim,
    decide_return,
    expire_warranties,
    receive_return,
    resolve_claim,
    submit_claim,
    void_warranty,
    withdraw_claim,
)
from tests.finance.builders import (
    make_authorization,
    make_cash_sale,
    make_invoice,
    make_payment,
)
from tests.fulfillment.builders import make_released, make_shipment, make_shipped
from tests.inventory.builders import (
    make_level,
    make_product,
    make_supplier,
    make_variant,
)
from tests.inventory.manufacturing.builders import (
    make_active_bom,
    make_running_order,
    make_work_order,
)
from tests.inventory.procurement.builders import (
    line_ids,
    make_purchase_order,
    make_sent_order,
)
from tests.orders.builders import (
    NOON,
    make_cart,
    make_confirmed_order,
    make_customer,
    make_stocked_variant,
)
from tests.returns.builders import (
    acting_as,
    make_approved_return,
    make_approver,
    make_delivered_order,
    make_return,
    make_returnable_variant,
)

WHY: Mapping[str, Any] = {"reason": "asked by phone"}


def scan(*statuses: str) -> None:
    """Send a parcel that the carrier sees like this, hour by hour."""
    shipment = make_shipped()
    for hour, status in enumerate(statuses, start=1):
        at = NOON + timedelta(hours=hour)
        record_tracking(shipment, status=status, occurred_at=at)


def pay_in_part() -> None:
    invoice = make_invoice()
    record_payment(invoice=invoice, amount=Decimal(40), method="card")


def put_on_sale() -> None:
    product = make_product(status="draft")
    make_variant(product=product)
    activate_product(product)


def receive_all_that_was_announced() -> None:
    notice = announce()
    order = notice.purchase_order
    (line_id,) = line_ids(order)
    receive_purchase_order(order, quantities={line_id: 1}, shipping_notice=notice)
    receive_purchase_order(order, quantities={line_id: 9})


def receive_in_part() -> Any:
    order = make_sent_order(10)
    receive_purchase_order(order, quantities={line_ids(order)[0]: 4})
    return order


def reverse() -> None:
    receive_in_part()
    reverse_receipt(ItemReceipt.objects.latest("id"), **WHY)


def announce() -> Any:
    order = make_sent_order()
    return announce_shipping_notice(order, quantities={line_ids(order)[0]: 1})


def let_a_hold_run_out() -> None:
    level = make_level(on_hand=10)
    hold_stock(level=level, quantity=1, until=NOON + timedelta(days=90), reason="x")
    expire_reservations(at=NOON + timedelta(days=91))


def plan_steps() -> list[WorkOrderOperation]:
    steps = (OperationPlan("Roast", "Drum 1", 30), OperationPlan("Pack", "Line 1", 5))
    order = make_running_order(operations=steps)
    return list(order.operations.order_by("sequence"))


def work_through() -> None:
    first, second = plan_steps()
    start_operation(first)
    complete_operation(first)
    skip_operation(second, **WHY)


def warrant() -> Warranty:
    variant = make_returnable_variant(warranty_months=3)
    order = make_delivered_order(lines=[OrderLine(variant, 1)])
    return Warranty.objects.get(order_item__order=order)


def outlive_a_warranty() -> None:
    warrant()
    expire_warranties(on=date(2030, 1, 1))


def claim() -> WarrantyClaim:
    return submit_claim(warrant(), failed_on=date(2027, 1, 15), description="dead")


def mend() -> None:
    approved = decide_claim(claim(), approve=True)
    resolve_claim(approved, resolution_type="repair", resolution="new board")


def reject_return() -> None:
    asked = make_return()
    with acting_as(make_approver()):
        decide_return(asked, approve=False, reason="worn")


def let_an_authorization_run_out() -> int:
    payment = make_authorization()
    assert payment.authorization_expires_at is not None
    late = payment.authorization_expires_at + timedelta(minutes=1)
    return expire_authorizations(at=late)


def order_what_is_in_a_cart() -> Order:
    cart = make_cart()
    set_cart_item(cart, variant=make_stocked_variant(), quantity=1)
    return checkout_cart(cart)


def receive_a_part() -> ReturnRequest:
    found = make_approved_return()
    return receive_return(found, quantities={found.items.get().pk: 1})


MORE: Sequence[Callable[[], Any]] = (
    lambda: change_customer_status(make_customer(), to="suspended", **WHY),
    lambda: change_customer_status(make_customer(), to="inactive", **WHY),
    lambda: expire_cart(make_cart()),
    order_what_is_in_a_cart,
    lambda: hold_order(make_confirmed_order(), **WHY),
    lambda: cancel_order(make_confirmed_order(), **WHY),
    lambda: cancel_fulfillment(make_released(), **WHY),
    lambda: cancel_shipment(make_shipment(), **WHY),
    lambda: scan("in_transit", "out_for_delivery", "failed", "returned"),
    lambda: scan("delivered"),
    lambda: void_invoice(make_invoice(), **WHY),
    pay_in_part,
    lambda: void_payment(make_authorization(), **WHY),
    let_an_authorization_run_out,
    lambda: cancel_payment(make_payment(has_arrived=False), **WHY),
    lambda: fail_payment(make_payment(has_arrived=False), message="declined"),
    lambda: void_cash_sale(make_cash_sale(), at=NOON, **WHY),
    put_on_sale,
    lambda: archive_product(make_product()),
    lambda: block_supplier(make_supplier(), **WHY),
    lambda: cancel_purchase_order(make_purchase_order(), **WHY),
    lambda: close_purchase_order(receive_in_part(), **WHY),
    reverse,
    receive_all_that_was_announced,
    lambda: cancel_shipping_notice(announce(), **WHY),
    lambda: mark_notice_in_transit(announce(), tracking_number="1Z999", carrier="UPS"),
    lambda: mark_notice_delivered(announce()),
    let_a_hold_run_out,
    lambda: obsolete_bom(make_active_bom()),
    lambda: release_work_order(make_work_order(on_hand=0)),
    lambda: cancel_work_order(make_work_order(), **WHY),
    lambda: hold_work_order(make_running_order(), **WHY),
    lambda: complete_work_order(make_running_order(), 10),
    lambda: close_work_order_short(complete_work_order(make_running_order(), 4), **WHY),
    work_through,
    lambda: void_warranty(warrant(), **WHY),
    outlive_a_warranty,
    mend,
    lambda: decide_claim(claim(), approve=False, **WHY),
    lambda: withdraw_claim(claim(), **WHY),
    reject_return,
    receive_a_part,
    lambda: cancel_return(make_return(), **WHY),
)
