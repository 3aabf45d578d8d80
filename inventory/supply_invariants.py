"""What must hold in the books of purchasing and production, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Abs, Coalesce
from django.db.models.lookups import GreaterThan

from inventory.models import (
    BillOfMaterials,
    BomLineItem,
    ItemReceipt,
    ProductVariant,
    PurchaseOrder,
    PurchaseOrderItem,
    ReferenceType,
    ShippingNoticeItem,
    StockReservation,
    StockTransaction,
    WorkOrder,
)
from stateset.lib.invariants import Invariant, Violation

FLOAT_NOISE = 0.00005
"""SQLite computes with floats: less than this is no difference."""

DERIVED = ("ordered", "partially_received", "received")
HOLDING = (WorkOrder.Status.READY, WorkOrder.Status.ON_HOLD)


def invariants() -> tuple[Invariant, ...]:
    """Return the rules of purchasing and production, cheapest first."""
    return (
        Invariant(
            "manufacturing.no_ring",
            "No variant is made from itself by the bills in force.",
            rings_of_bills,
        ),
        Invariant(
            "manufacturing.reservations_have_order",
            "Material is reserved for work orders that wait to start.",
            reservations_of_no_order,
        ),
        Invariant(
            "manufacturing.output",
            "Completed units of a work order are what its ledger rows produced.",
            orders_that_differ_from_output,
        ),
        Invariant(
            "procurement.line_receipts",
            "Units received on a line are the sum of its posted receipts.",
            lines_that_differ_from_receipts,
        ),
        Invariant(
            "procurement.notice_receipts",
            "Units received on a notice are the sum of its posted receipts.",
            notices_that_differ_from_receipts,
        ),
        Invariant(
            "procurement.order_status",
            "The status of a sent order follows from what its lines received.",
            orders_of_wrong_status,
        ),
        Invariant(
            "procurement.order_totals",
            "The totals of a purchase order are the sums of its lines, and freight.",
            orders_that_do_not_add_up,
        ),
    )


def rings_of_bills() -> Iterator[Violation]:
    graph: dict[UUID, set[UUID]] = {}
    edges = BomLineItem.objects.filter(
        bom__status=BillOfMaterials.Status.ACTIVE
    ).values_list("bom__variant_id", "component_id")
    for variant_id, component_id in edges.iterator():
        graph.setdefault(variant_id, set()).add(component_id)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring: list[UUID] = error.args[1]
        skus = dict(ProductVariant.objects.filter(pk__in=ring).values_list("pk", "sku"))
        yield Violation(skus[ring[-1]], " → ".join(skus[key] for key in reversed(ring)))


def reservations_of_no_order() -> Iterator[Violation]:
    holding = WorkOrder.objects.filter(status__in=HOLDING).values("pk")
    astray = (
        StockReservation.objects.active()
        .filter(reference_type=ReferenceType.WORK_ORDER)
        .exclude(reference_id__in=holding)
    )
    for reservation in astray.select_related("level__variant", "level__location"):
        yield Violation(
            str(reservation), f"reserved for work order {reservation.reference_id}"
        )


def orders_that_differ_from_output() -> Iterator[Violation]:
    produced = (
        StockTransaction.objects.filter(
            reference_type=ReferenceType.WORK_ORDER,
            reference_id=OuterRef("pk"),
            transaction_type=StockTransaction.Type.PRODUCE,
        )
        .order_by()
        .values("reference_id")
        .annotate(units=Sum("on_hand_delta"))
        .values("units")
    )
    orders: Any = WorkOrder.objects.annotate(produced=_units(produced))
    for order in orders.exclude(produced=F("quantity_completed")).iterator():
        yield Violation(
            str(order), f"completed {order.quantity_completed}, made {order.produced}"
        )


def lines_that_differ_from_receipts() -> Iterator[Violation]:
    lines = PurchaseOrderItem.objects.select_related("purchase_order")
    return _differing_from_receipts(lines, "purchase_order_item")


def notices_that_differ_from_receipts() -> Iterator[Violation]:
    items = ShippingNoticeItem.objects.select_related(
        "shipping_notice", "purchase_order_item__purchase_order"
    )
    return _differing_from_receipts(items, "shipping_notice_item")


def orders_of_wrong_status() -> Iterator[Violation]:
    is_open = Q(items__quantity_received__lt=F("items__quantity_ordered"))
    orders: Any = PurchaseOrder.objects.filter(status__in=DERIVED).annotate(
        open_lines=Count("items", filter=is_open), units=Sum("items__quantity_received")
    )
    derived = Case(
        When(open_lines=0, then=Value("received")),
        When(units__gt=0, then=Value("partially_received")),
        default=Value("ordered"),
        output_field=CharField(),
    )
    for order in orders.annotate(derived=derived).exclude(derived=F("status")):
        yield Violation(str(order), f"{order.status}, by its lines {order.derived}")


def orders_that_do_not_add_up() -> Iterator[Violation]:
    summed: Any = PurchaseOrder.objects.annotate(lines=Sum("items__line_total"))
    apart = Abs(F("subtotal") - Coalesce(F("lines"), F("subtotal") * 0))
    wrong = Abs(F("total") - F("subtotal") - F("tax_total") - F("shipping_total"))
    faulty = GreaterThan(apart, FLOAT_NOISE) | GreaterThan(wrong, FLOAT_NOISE)
    for order in summed.filter(faulty).order_by():
        yield Violation(
            str(order),
            f"lines {order.lines or 0:.2f}, subtotal {order.subtotal:.2f}, tax"
            f" {order.tax_total:.2f}, shipping {order.shipping_total:.2f}, total"
            f" {order.total:.2f}",
        )


def _differing_from_receipts(rows: QuerySet[Any], line: str) -> Iterator[Violation]:
    posted = (
        ItemReceipt.objects.filter(
            **{line: OuterRef("pk")}, status=ItemReceipt.Status.POSTED
        )
        .order_by()
        .values(line)
    )
    found: Any = rows.annotate(
        came=_units(posted.annotate(units=Sum("quantity")).values("units")),
        turned_away=_units(
            posted.annotate(units=Sum("quantity_rejected")).values("units")
        ),
    )
    differing = ~Q(quantity_received=F("came")) | ~Q(quantity_rejected=F("turned_away"))
    for row in found.filter(differing).iterator():
        yield Violation(
            str(row),
            f"received {row.quantity_received} and rejected {row.quantity_rejected},"
            f" its receipts {row.came} and {row.turned_away}",
        )


def _units(totals: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(totals, output_field=IntegerField()), 0)
