"""What must hold in the books of the warehouse, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    When,
    Window,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Lag, RowNumber

from fulfillment.models import FulfillmentOrder, Shipment, ShipmentItem, TrackingEvent
from inventory.models import ReferenceType, StockAllocation, StockTransaction
from orders.models import Order, OrderItem
from stateset.lib.invariants import Invariant, Violation
from stateset.lib.two_sides import differing
from stateset.lib.whole_rows import whole_rows


def invariants() -> tuple[Invariant, ...]:
    """Return the rules of picks and shipments, cheapest first."""
    return (
        Invariant(
            "fulfillment.cancelled_orders",
            "A cancelled order has nothing left in the warehouse.",
            cancelled_orders_in_the_warehouse,
        ),
        Invariant(
            "fulfillment.open_allocations",
            "Stock is held only for picks that are open.",
            allocations_of_no_open_pick,
        ),
        Invariant(
            "fulfillment.delivered_orders",
            "A delivered order has no parcel under way.",
            delivered_orders_under_way,
        ),
        Invariant(
            "fulfillment.empty_parcels",
            "What left has contents.",
            parcels_that_left_empty,
        ),
        Invariant(
            "fulfillment.forward_scans",
            "Scans moved a shipment only forward in time.",
            scans_that_moved_backwards,
        ),
        Invariant(
            "fulfillment.tracking",
            "A shipment is where its last applied scan saw it.",
            shipments_elsewhere_than_scanned,
        ),
        Invariant(
            "fulfillment.parcel_units",
            "Parcels of a line hold no more than was ordered and not cancelled.",
            lines_with_too_much_in_parcels,
        ),
        Invariant(
            "fulfillment.shipped_units",
            "What left in parcels is counted as shipped on its line.",
            lines_with_less_shipped_than_left,
        ),
        Invariant(
            "fulfillment.shipped_stock",
            "A shipment that left took its units out of stock, once.",
            shipments_that_differ_from_the_ledger,
        ),
    )


def cancelled_orders_in_the_warehouse() -> Iterator[Violation]:
    cancelled = Q(order__status=Order.Status.CANCELLED)
    picks = FulfillmentOrder.objects.open().filter(cancelled)
    for pick in picks.select_related("order").order_by("pk"):
        yield Violation(str(pick.order), f"is cancelled, {pick} is {pick.status}")
    parcels = Shipment.objects.to_send().filter(cancelled).order_by("pk")
    for parcel in parcels.select_related("order"):
        yield Violation(str(parcel.order), f"is cancelled, {parcel} is {parcel.status}")


def allocations_of_no_open_pick() -> Iterator[Violation]:
    open_pick = FulfillmentOrder.objects.open().filter(pk=OuterRef("reference_id"))
    held = StockAllocation.objects.open().filter(
        ~Exists(open_pick), reference_type=ReferenceType.FULFILLMENT_ORDER
    )
    for allocation in held.select_related("level__variant", "level__location"):
        yield Violation(
            str(allocation),
            f"is held for fulfilment order {allocation.reference_id}, not open",
        )


def delivered_orders_under_way() -> Iterator[Violation]:
    parcels = Shipment.objects.filter(
        status__in=(*Shipment.NOT_LEFT_STATUSES, *Shipment.UNDER_WAY_STATUSES),
        direction=Shipment.Direction.OUTBOUND,
        order__status=Order.Status.DELIVERED,
    )
    for parcel in parcels.select_related("order").order_by("pk"):
        yield Violation(str(parcel.order), f"is delivered, {parcel} is {parcel.status}")


def parcels_that_left_empty() -> Iterator[Violation]:
    contents = ShipmentItem.objects.filter(shipment=OuterRef("pk"))
    empty = Shipment.objects.filter(
        ~Exists(contents),
        shipped_at__isnull=False,
        direction=Shipment.Direction.OUTBOUND,
    )
    for parcel in empty.order_by("pk"):
        yield Violation(str(parcel), "left with nothing in it")


def scans_that_moved_backwards() -> Iterator[Violation]:
    before = Window(
        Lag("occurred_at"), partition_by=F("shipment"), order_by=F("id").asc()
    )
    applied = TrackingEvent.objects.filter(is_applied=True).annotate(before=before)
    # No more is sorted than is compared: only what is wrong is read whole.
    backwards = applied.filter(before__gt=F("occurred_at")).order_by()
    keys = sorted(backwards.values_list("pk", flat=True))
    events = dict(whole_rows(TrackingEvent.objects.select_related("shipment"), keys))
    for event in (events[key] for key in keys):
        yield Violation(
            str(event.shipment),
            f"was moved to {event.status} by a scan older than the one before",
        )


def shipments_elsewhere_than_scanned() -> Iterator[Violation]:
    newest_first = Window(
        RowNumber(),
        partition_by=F("shipment"),
        order_by=(F("occurred_at").desc(), F("id").desc()),
    )
    # As one condition, for what is no window's is asked before the scans are numbered.
    is_elsewhere = Case(
        When(Q(nth=1) & ~Q(status=F("shipment__status")), then=True),
        default=False,
        output_field=BooleanField(),
    )
    last = TrackingEvent.objects.filter(is_applied=True).annotate(nth=newest_first)
    wrong = last.annotate(is_elsewhere=is_elsewhere).filter(is_elsewhere=True)
    keys = wrong.order_by().values_list("pk", flat=True)
    for _, event in whole_rows(TrackingEvent.objects.select_related("shipment"), keys):
        yield Violation(
            str(event.shipment),
            f"is {event.shipment.status}, its last scan says {event.status}",
        )


def lines_with_too_much_in_parcels() -> Iterator[Violation]:
    live = _outbound().exclude(shipment__status=Shipment.Status.CANCELLED)
    most = F("order_item__quantity") - F("order_item__quantity_cancelled")
    for line, units, limit in _lines_with_more(live, most):
        yield Violation(line, f"{units} in parcels, {limit} ordered")


def lines_with_less_shipped_than_left() -> Iterator[Violation]:
    left = _outbound().filter(shipment__shipped_at__isnull=False)
    most = F("order_item__quantity_fulfilled")
    for line, units, limit in _lines_with_more(left, most):
        yield Violation(line, f"{units} left, {limit} count as shipped")


def shipments_that_differ_from_the_ledger() -> Iterator[Violation]:
    # Parcels of customers and of the past hold nothing that stock was held for.
    sent = ShipmentItem.objects.filter(
        allocation__isnull=False, shipment__shipped_at__isnull=False
    ).values_list("shipment_id", "quantity")
    taken = StockTransaction.objects.filter(
        reference_type=ReferenceType.SHIPMENT,
        transaction_type=StockTransaction.Type.SHIP,
    ).values_list("reference_id", -F("on_hand_delta"))
    wrong = {key: units for key, *units in differing([sent], [taken])}
    names = dict(whole_rows(Shipment.objects.all(), wrong))
    for key, (units, from_stock) in wrong.items():
        yield Violation(
            str(names.get(key, f"shipment {key}")),
            f"{units} units left, {from_stock} were taken from stock",
        )


def _outbound() -> QuerySet[ShipmentItem]:
    return ShipmentItem.objects.filter(shipment__direction=Shipment.Direction.OUTBOUND)


def _lines_with_more(
    parcels: QuerySet[ShipmentItem], most: Combinable
) -> Iterator[tuple[str, int, int]]:
    """Yield each order line of which more is in parcels than ``most``, and both."""
    wrong = (
        parcels.order_by()
        .values_list("order_item")
        .annotate(units=Sum("quantity"), most=most)
        .filter(units__gt=F("most"))
    )
    found = {key: (units, limit) for key, units, limit in wrong}
    for key, line in whole_rows(OrderItem.objects.select_related("order"), found):
        yield (str(line), *found[key])
