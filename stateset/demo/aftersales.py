"""Some goods come back, some break under warranty."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fulfillment.services import (
    create_shipment,
    deliver_shipment,
    mark_ready,
    pack_fulfillment,
    release_order,
    ship_shipment,
    start_picking,
)
from inventory.errors import InsufficientStockError
from orders.errors import LineRefusedError
from orders.models import Order
from orders.services import confirm_order
from returns.errors import RefundNotPossibleError
from returns.models import ReturnRequest, Warranty, WarrantyClaim
from returns.services import (
    Finding,
    change_resolution,
    close_return_short,
    complete_return,
    decide_claim,
    decide_return,
    inspect_return,
    receive_return,
    request_return,
    resolve_claim,
    returnable_quantity,
    submit_claim,
)
from stateset.demo.world import World

REASONS = ("changed_mind", "defective", "not_as_described", "damaged_in_transit")
FAULTS = ("does not switch on", "leaks at the valve", "burr is stuck", "scale drifts")
MOST_BACK = 2


def ask_for_return(world: World, at: datetime, order_key: UUID) -> None:
    order = Order.objects.get(pk=order_key)
    left = {
        item.pk: returnable_quantity(item)
        for item in order.items.select_related("variant__product").order_by(
            "line_number"
        )
        if item.variant.product.is_returnable
    }
    items = [key for key, units in left.items() if units > 0]
    if not items:
        return
    key = world.random.choice(items)
    reason = world.random.choice(REASONS)
    is_replaced = reason == "defective" and world.chance(50)
    found = request_return(
        order,
        lines={key: world.random.randint(1, min(MOST_BACK, left[key]))},
        reason_code=reason,
        resolution="replacement" if is_replaced else "refund",
        at=at,
    )
    if found.status == ReturnRequest.Status.REQUESTED:
        world.plan(at + world.hours(4, 60), decide, found.pk, role="manager")
    else:
        _wait_for_goods(world, at, found.pk)


def decide(world: World, at: datetime, key: UUID) -> None:
    """Decide as the manager; what takes a second person waits for one."""
    found = ReturnRequest.objects.get(pk=key)
    if world.chance(10):
        decide_return(found, approve=False, reason="used for months", at=at)
        return
    decide_return(found, approve=True, at=at)
    if found.status == ReturnRequest.Status.APPROVED:
        _wait_for_goods(world, at, key)


def take_in(world: World, at: datetime, key: UUID) -> None:
    """Count a parcel; now and then a second one follows, or does not."""
    found = ReturnRequest.objects.get(pk=key)
    (item,) = found.items.all()
    is_split = item.quantity_approved > 1 and world.chance(25)
    receive_return(found, quantities={item.pk: 1} if is_split else None, at=at)
    if not is_split:
        world.plan(at + world.hours(2, 30), inspect, key, role="warehouse")
    elif world.chance(50):
        world.plan(at + world.days(1, 4), take_in_rest, key, role="warehouse")
    else:
        world.plan(at + world.days(6, 12), give_up_rest, key, role="warehouse")


def take_in_rest(world: World, at: datetime, key: UUID) -> None:
    receive_return(ReturnRequest.objects.get(pk=key), at=at)
    world.plan(at + world.hours(2, 30), inspect, key, role="warehouse")


def give_up_rest(world: World, at: datetime, key: UUID) -> None:
    close_return_short(
        ReturnRequest.objects.get(pk=key), reason="the customer keeps the rest", at=at
    )
    world.plan(at + world.hours(2, 30), inspect, key, role="warehouse")


def inspect(world: World, at: datetime, key: UUID) -> None:
    found = ReturnRequest.objects.get(pk=key)
    findings = {
        item.pk: _finding(found.reason_code, item.quantity_received)
        for item in found.items.all()
    }
    inspect_return(found, findings=findings, at=at)
    world.plan(at + world.hours(1, 24), complete, key, role="finance")


def complete(world: World, at: datetime, key: UUID) -> None:
    found = ReturnRequest.objects.get(pk=key)
    try:
        complete_return(found, at=at)
    except RefundNotPossibleError:
        # Bought on invoice and not paid yet: settled when the money came.
        world.plan(at + world.days(5, 15), complete, key, role="finance")
    except LineRefusedError:
        # Sold out for good: the money goes back instead.
        change_resolution(
            ReturnRequest.objects.get(pk=key),
            resolution="refund",
            reason="not sold any more",
            at=at,
        )
        world.plan(at + world.hours(1, 4), complete, key, role="finance")
    else:
        if found.replacement_order_id is not None:
            world.plan(at + world.hours(1, 6), send_anew, found.replacement_order_id)


def send_anew(world: World, at: datetime, key: UUID) -> None:
    """Send what replaces broken goods, as soon as there is some."""
    order = Order.objects.get(pk=key)
    try:
        confirm_order(order, at=at)
    except InsufficientStockError:
        world.plan(at + world.days(3, 8), send_anew, key)
        return
    pick = start_picking(release_order(order, at=at), at=at)
    shipment = create_shipment(pack_fulfillment(pick, at=at), carrier="DHL", at=at)
    ship_shipment(mark_ready(shipment, at=at), at=at)
    world.plan(at + world.days(1, 4), arrive_anew, order.pk)


def arrive_anew(world: World, at: datetime, key: UUID) -> None:
    order = Order.objects.get(pk=key)
    deliver_shipment(order.shipments.get(), at=at)


def report_fault(world: World, at: datetime, order_key: UUID) -> None:
    warranty = (
        Warranty.objects.active()
        .filter(order_item__order_id=order_key, claims__isnull=True)
        .order_by("warranty_number")
        .first()
    )
    if warranty is None:
        return
    claim = submit_claim(
        warranty,
        failed_on=at.date(),
        description=f"It {world.random.choice(FAULTS)}.",
        at=at,
    )
    world.plan(at + world.days(0.5, 4), judge, claim.pk, role="manager")


def judge(world: World, at: datetime, key: UUID) -> None:
    claim = WarrantyClaim.objects.get(pk=key)
    if world.chance(15):
        decide_claim(claim, approve=False, reason="opened by force", at=at)
        return
    decide_claim(claim, approve=True, at=at)
    world.plan(at + world.days(2, 12), mend, key)


def mend(world: World, at: datetime, key: UUID) -> None:
    how = world.random.choice(("repair", "repair", "replace"))
    words = {"repair": "Part replaced and tested.", "replace": "New unit sent."}
    resolve_claim(
        WarrantyClaim.objects.get(pk=key),
        resolution_type=how,
        resolution=words[how],
        at=at,
    )


def _wait_for_goods(world: World, at: datetime, key: UUID) -> None:
    """Expect the goods; a customer in twenty never sends them."""
    if not world.chance(5):
        world.plan(at + world.days(3, 9), take_in, key, role="warehouse")


def _finding(reason: str, units: int) -> Finding:
    """Return what is found of goods that came back for ``reason``."""
    if reason == "defective":
        return Finding("defective", quarantine=units)
    if reason != "damaged_in_transit":
        return Finding("opened", restock=units)
    if units == 1:
        return Finding("damaged", scrap=1)
    # The box took the blow for one of them.
    return Finding("mixed", restock=1, scrap=units - 1)
