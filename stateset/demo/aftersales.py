"""Some goods come back, some break under warranty."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from orders.models import Order
from returns.errors import RefundNotPossibleError
from returns.models import ReturnRequest, Warranty, WarrantyClaim
from returns.services import (
    complete_return,
    decide_claim,
    decide_return,
    inspect_return,
    receive_return,
    request_return,
    resolve_claim,
    submit_claim,
)
from returns.services.requests import returnable_quantity
from stateset.demo.world import World

REASONS = ("changed_mind", "defective", "not_as_described", "damaged_in_transit")
FINDINGS = {
    "changed_mind": ("opened", "restock"),
    "not_as_described": ("opened", "restock"),
    "defective": ("defective", "quarantine"),
    "damaged_in_transit": ("damaged", "scrap"),
}
FAULTS = ("does not switch on", "leaks at the valve", "burr is stuck", "scale drifts")


def ask_for_return(world: World, at: datetime, order_key: UUID) -> None:
    order = Order.objects.get(pk=order_key)
    items = [
        item
        for item in order.items.select_related("variant__product").order_by(
            "line_number"
        )
        if item.variant.product.is_returnable and returnable_quantity(item) > 0
    ]
    if not items:
        return
    item = world.random.choice(items)
    reason = world.random.choice(REASONS)
    found = request_return(order, lines={item.pk: 1}, reason_code=reason, at=at)
    if found.status == ReturnRequest.Status.REQUESTED:
        world.plan(at + world.hours(4, 60), decide, found.pk, role="manager")
    else:
        world.plan(at + world.days(3, 9), take_in, found.pk, role="warehouse")


def decide(world: World, at: datetime, key: UUID) -> None:
    """Decide as the manager; what takes a second person waits for one."""
    found = ReturnRequest.objects.get(pk=key)
    if world.chance(10):
        decide_return(found, approve=False, reason="used for months", at=at)
        return
    decide_return(found, approve=True, at=at)
    if found.status == ReturnRequest.Status.APPROVED:
        world.plan(at + world.days(3, 9), take_in, key, role="warehouse")


def take_in(world: World, at: datetime, key: UUID) -> None:
    receive_return(ReturnRequest.objects.get(pk=key), at=at)
    world.plan(at + world.hours(2, 30), inspect, key, role="warehouse")


def inspect(world: World, at: datetime, key: UUID) -> None:
    found = ReturnRequest.objects.get(pk=key)
    finding = FINDINGS[found.reason_code]
    findings = {item.pk: finding for item in found.items.all()}
    inspect_return(found, findings=findings, at=at)
    world.plan(at + world.hours(1, 24), complete, key, role="finance")


def complete(world: World, at: datetime, key: UUID) -> None:
    try:
        complete_return(ReturnRequest.objects.get(pk=key), at=at)
    except RefundNotPossibleError:
        # Bought on invoice and not paid yet: settled when the money came.
        world.plan(at + world.days(5, 15), complete, key, role="finance")


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
