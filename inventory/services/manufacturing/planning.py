"""Plan work orders and get their materials promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from inventory.errors import (
    BomMissingError,
    InsufficientStockError,
    InvalidDateError,
    Shortage,
    WorkOrderStateError,
)
from inventory.models import (
    BillOfMaterials,
    Location,
    ProductVariant,
    ReferenceType,
    StockLevel,
    StockReservation,
    WorkOrder,
    WorkOrderOperation,
)
from inventory.services.manufacturing.bills import (
    active_bom,
    require_stocked,
    required_quantity,
)
from inventory.services.stock import Demand, Reference, reserve_stock
from inventory.services.stock.demands import require_quantity
from stateset.accounts.models import User
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.locks import claim_row


@dataclass(frozen=True)
class OperationPlan:
    """One step of a work order as planned; steps are done in the order given."""

    name: str
    work_center: str = ""
    planned_minutes: int = 0


def create_work_order(
    *,
    variant: ProductVariant,
    quantity: int,
    location: Location,
    bom: BillOfMaterials | None = None,
    priority: int = WorkOrder.Priority.NORMAL,
    scheduled_start: datetime | None = None,
    scheduled_end: datetime | None = None,
    assigned_to: User | None = None,
    operations: Sequence[OperationPlan] = (),
    notes: str = "",
    at: datetime | None = None,
) -> WorkOrder:
    """Plan to make ``quantity`` units by the bill in force, which it then keeps."""
    refused = "The work order was not made."
    require_quantity(quantity)
    require_stocked(variant, refused)
    if scheduled_start and scheduled_end and scheduled_end < scheduled_start:
        raise InvalidDateError(
            refused,
            why="its scheduled end lies before its start",
            fix="correct one of the two",
        )
    bom = bom or active_bom(variant)
    _require_bom(bom, variant, refused)
    with business_transaction(reason="work order planned"):
        order = WorkOrder.objects.create(
            work_order_number=next_number("WO", at=at),
            variant=variant,
            bom=bom,
            location=location,
            priority=priority,
            quantity_planned=quantity,
            scheduled_start=scheduled_start,
            scheduled_end=scheduled_end,
            assigned_to=assigned_to,
            notes=notes,
        )
        WorkOrderOperation.objects.bulk_create(
            WorkOrderOperation(
                work_order=order,
                sequence=number * 10,
                name=step.name,
                work_center=step.work_center,
                planned_minutes=step.planned_minutes,
            )
            for number, step in enumerate(operations, 1)
        )
        record_event(
            order,
            "work_order.created",
            {
                "work_order_number": order.work_order_number,
                "sku": variant.sku,
                "quantity": quantity,
                "bom_number": bom.bom_number,
            },
            at=at,
        )
    return order


def release_work_order(order: WorkOrder, *, at: datetime | None = None) -> WorkOrder:
    """Reserve the materials, all or nothing: ready, or waiting for materials.

    One that waits is released again when more has come in.
    """
    with business_transaction(reason="work order released"):
        claim_row(order)
        if order.status not in (
            WorkOrder.Status.PLANNED,
            WorkOrder.Status.PENDING_MATERIALS,
        ):
            raise WorkOrderStateError(
                f"Work order {order} was not released.",
                why=f"it is {order.get_status_display().lower()}",
                fix="only planned and waiting work orders are released",
            )
        try:
            reserve_stock(
                location=order.location,
                demands=material_demands(order),
                reference=work_order_reference(order),
                at=at,
            )
        except InsufficientStockError as error:
            return _wait(order, error.shortages, at=at)
        return change_status(
            order,
            WorkOrder.Status.READY,
            event_type="work_order.released",
            at=at,
            status_reason="",
        )


def material_demands(order: WorkOrder) -> list[Demand]:
    """Return what the whole order takes from stock, a demand a line of its bill."""
    return [
        Demand(
            variant_id=line.component_id,
            quantity=required_quantity(order.bom, line, order.quantity_planned),
            line_id=line.pk,
        )
        for line in order.bom.lines.filter(component__is_stocked=True).order_by(
            "line_number"
        )
    ]


def find_shortages(order: WorkOrder) -> list[Shortage]:
    """Return what a release of the order would find too little of now."""
    missing = unreserved_demands(order)
    levels = StockLevel.objects.filter(
        location_id=order.location_id,
        variant__in=[demand.variant_id for demand in missing],
    )
    available = levels.free_by_variant(timezone.now())
    skus = dict(
        ProductVariant.objects.filter(
            pk__in=[demand.variant_id for demand in missing]
        ).values_list("pk", "sku")
    )
    return [
        Shortage(
            sku=skus[demand.variant_id],
            location=order.location.code,
            wanted=demand.quantity,
            available=available.get(demand.variant_id, 0),
        )
        for demand in missing
        if available.get(demand.variant_id, 0) < demand.quantity
    ]


def unreserved_demands(order: WorkOrder) -> list[Demand]:
    """Return the demands of the order that no reservation holds."""
    reserved = set(
        StockReservation.objects.active()
        .filter(reference_type=ReferenceType.WORK_ORDER, reference_id=order.pk)
        .values_list("reference_line_id", flat=True)
    )
    return [
        demand for demand in material_demands(order) if demand.line_id not in reserved
    ]


def work_order_reference(order: WorkOrder) -> Reference:
    """Return what stock moved for this order refers to."""
    return Reference(ReferenceType.WORK_ORDER, order.pk)


def _wait(
    order: WorkOrder, shortages: Sequence[Shortage], *, at: datetime | None
) -> WorkOrder:
    payload = {
        "shortages": [
            {"sku": short.sku, "wanted": short.wanted, "available": short.available}
            for short in shortages
        ]
    }
    if order.status == WorkOrder.Status.PENDING_MATERIALS:
        record_event(order, "work_order.materials_short", payload, at=at)
        return order
    return change_status(
        order,
        WorkOrder.Status.PENDING_MATERIALS,
        event_type="work_order.materials_short",
        at=at,
        payload=payload,
        status_reason="; ".join(map(str, shortages))[:255],
    )


def _require_bom(bom: BillOfMaterials, variant: ProductVariant, refused: str) -> None:
    if bom.variant_id == variant.pk and bom.status == BillOfMaterials.Status.ACTIVE:
        return
    raise BomMissingError(
        refused,
        why=f"bill {bom} is {bom.get_status_display().lower()}, or not for"
        f" {variant.sku}",
        fix="choose the active bill of the variant",
    )
