"""The buyer orders what runs low, suppliers deliver, the roastery makes the rest."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Sum

from finance.models import Invoice
from finance.services import pay_supplier_invoice, record_supplier_invoice
from inventory.models import PurchaseOrder, PurchaseOrderItem, WorkOrder
from inventory.services.manufacturing import (
    BomLine,
    OperationPlan,
    activate_bom,
    complete_operation,
    complete_work_order,
    create_bom,
    create_work_order,
    release_work_order,
    start_operation,
    start_work_order,
)
from inventory.services.procurement import (
    PurchaseLine,
    announce_shipping_notice,
    approve_purchase_order,
    create_purchase_order,
    mark_notice_in_transit,
    receive_purchase_order,
    send_purchase_order,
    submit_purchase_order,
)
from stateset.demo.founding import levels_at_home
from stateset.demo.goods import SUPPLIERS
from stateset.demo.world import World

ROASTED = Decimal("0.16")
"""What green beans lose in the drum."""

RUNNING = (
    WorkOrder.Status.PLANNED,
    WorkOrder.Status.PENDING_MATERIALS,
    WorkOrder.Status.READY,
    WorkOrder.Status.IN_PROGRESS,
)


def draw_up_bills(world: World, at: datetime) -> None:
    """Write the bills of materials of everything that is made here."""
    for goods in world.goods.values():
        if not goods.parts:
            continue
        lines = [
            BomLine(
                world.variants[sku],
                per,
                scrap_rate=ROASTED if sku.startswith("RAW") else Decimal(0),
            )
            for sku, per in goods.parts.items()
        ]
        bom = create_bom(
            variant=world.variants[goods.sku], lines=lines, name=goods.name, at=at
        )
        activate_bom(bom, at=at)


def reorder(world: World, at: datetime) -> None:
    """Order what is at its reorder point, one order a supplier; again in a week."""
    coming = _coming()
    wanted: dict[str, list[PurchaseLine]] = defaultdict(list)
    for sku, level in levels_at_home(world).items():
        goods = world.goods[sku]
        short = level.available + coming.get(level.variant_id, 0)
        if goods.supplier and short <= level.reorder_point * 1.2:
            wanted[goods.supplier].append(
                PurchaseLine(
                    level.variant, level.reorder_quantity, unit_cost=goods.cost
                )
            )
    for code, lines in wanted.items():
        order = create_purchase_order(
            supplier=world.suppliers[code],
            lines=lines,
            ship_to=world.warehouse,
            ordered_on=at.date(),
            expected_on=at.date() + timedelta(days=SUPPLIERS[code][3]),
            at=at,
        )
        submit_purchase_order(order, at=at)
        world.plan(at + world.hours(1, 30), approve, order.pk, code, role="manager")
    world.plan(at + timedelta(days=4), reorder, role="buyer")


def approve(world: World, at: datetime, key: UUID, code: str) -> None:
    approve_purchase_order(PurchaseOrder.objects.get(pk=key), at=at)
    world.plan(at + world.hours(0.5, 4), send, key, code, role="buyer")


def send(world: World, at: datetime, key: UUID, code: str) -> None:
    order = send_purchase_order(PurchaseOrder.objects.get(pk=key), at=at)
    lead = timedelta(days=SUPPLIERS[code][3])
    late = world.days(0, 3) if world.chance(20) else timedelta()
    if code in ("HARIO", "MAZZA", "GREEN"):
        world.plan(at + lead / 2, announce, order.pk, role="buyer")
    world.plan(at + lead + late, receive, order.pk, role="warehouse")


def announce(world: World, at: datetime, key: UUID) -> None:
    order = PurchaseOrder.objects.get(pk=key)
    quantities = {item.pk: item.open_quantity for item in order.items.all()}
    notice = announce_shipping_notice(
        order, quantities=quantities, expected_at=at + timedelta(days=7), at=at
    )
    mark_notice_in_transit(
        notice,
        carrier="DB Schenker",
        tracking_number=f"SEA{world.random.randint(10**7, 10**8 - 1)}",
        shipped_at=at,
        at=at,
    )


def receive(world: World, at: datetime, key: UUID) -> None:
    """Goods come in: now and then not all of them, now and then broken ones."""
    order = PurchaseOrder.objects.get(pk=key)
    items = list(order.items.filter(quantity_received__lt=F("quantity_ordered")))
    is_partial = world.chance(10) and len(items) > 1
    came = items[1:] if is_partial else items
    broken = {came[0].pk: 1} if world.chance(5) and not is_partial else {}
    receive_purchase_order(
        order,
        quantities={
            item.pk: item.open_quantity - broken.get(item.pk, 0) for item in came
        },
        rejected=broken,
        shipping_notice=order.shipping_notices.filter(status="in_transit").first(),
        at=at,
    )
    order.refresh_from_db()
    if order.status == PurchaseOrder.Status.RECEIVED:
        world.plan(at + world.days(1, 6), bill, key, role="finance")
    else:
        world.plan(at + world.days(4, 10), receive, key, role="warehouse")


def bill(world: World, at: datetime, key: UUID) -> None:
    invoice = record_supplier_invoice(
        PurchaseOrder.objects.get(pk=key),
        supplier_invoice_number=f"R-{world.random.randint(10**5, 10**6 - 1)}",
        at=at,
    )
    world.plan(at + world.days(14, 29), pay_bill, invoice.pk, role="finance")


def pay_bill(world: World, at: datetime, key: UUID) -> None:
    invoice = Invoice.objects.get(pk=key)
    pay_supplier_invoice(invoice, amount=invoice.total, method="bank_transfer", at=at)


def make_more(world: World, at: datetime) -> None:
    """Plan work for what is made here and runs low; again in two days."""
    levels = levels_at_home(world)
    busy = set(
        WorkOrder.objects.filter(status__in=RUNNING).values_list(
            "variant_id", flat=True
        )
    )
    for sku, goods in world.goods.items():
        level = levels.get(sku)
        if not goods.parts or level is None or level.variant_id in busy:
            continue
        if level.available <= level.reorder_point * 1.2:
            _plan_work(world, at, sku, level.reorder_quantity)
    world.plan(at + timedelta(days=2), make_more, role="roaster")


def release_work(world: World, at: datetime, key: UUID) -> None:
    order = release_work_order(WorkOrder.objects.get(pk=key), at=at)
    if order.status == WorkOrder.Status.READY:
        world.plan(at + world.hours(1, 6), start_work, key, role="roaster")
    else:
        world.plan(at + timedelta(days=2), release_work, key, role="roaster")


def start_work(world: World, at: datetime, key: UUID) -> None:
    order = start_work_order(WorkOrder.objects.get(pk=key), at=at)
    moment = at
    for operation in order.operations.order_by("sequence"):
        if moment + timedelta(minutes=operation.planned_minutes) > world.now:
            return
        start_operation(operation, at=moment)
        moment += timedelta(minutes=operation.planned_minutes)
        complete_operation(operation, minutes=operation.planned_minutes, at=moment)
    order.refresh_from_db()
    complete_work_order(order, order.quantity_planned, at=moment)


def _plan_work(world: World, at: datetime, sku: str, quantity: int) -> None:
    is_kit = sku.startswith("KIT")
    steps = (
        [OperationPlan("Pack kits", work_center="Packing", planned_minutes=60)]
        if is_kit
        else [
            OperationPlan("Roast", work_center="Drum", planned_minutes=45),
            OperationPlan("Cool and rest", work_center="Drum", planned_minutes=30),
            OperationPlan("Bag", work_center="Packing", planned_minutes=60),
        ]
    )
    order = create_work_order(
        variant=world.variants[sku],
        quantity=quantity,
        location=world.warehouse,
        scheduled_start=at + timedelta(hours=4),
        assigned_to=world.staff["roaster"],
        operations=steps,
        at=at,
    )
    world.plan(at + world.hours(0.2, 2), release_work, order.pk, role="roaster")


def _coming() -> dict[UUID, int]:
    open_items = (
        PurchaseOrderItem.objects.exclude(
            purchase_order__status__in=("cancelled", "closed", "received")
        )
        .order_by()
        .values_list("variant")
        .annotate(units=Sum(F("quantity_ordered") - F("quantity_received")))
    )
    return {variant: units for variant, units in open_items if units}
