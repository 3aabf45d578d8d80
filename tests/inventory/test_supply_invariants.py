"""The rules of purchasing and production hold, and see what breaks them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db.models import F

from inventory import invariants as discovered
from inventory.models import (
    BomLineItem,
    PurchaseOrder,
    PurchaseOrderItem,
    ShippingNoticeItem,
    WorkOrder,
)
from inventory.services.manufacturing import (
    cancel_work_order,
    complete_work_order,
    release_work_order,
)
from inventory.services.procurement import (
    announce_shipping_notice,
    receive_purchase_order,
    reverse_receipt,
)
from inventory.supply_invariants import invariants
from tests.inventory.builders import make_variant
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

pytestmark = pytest.mark.django_db


def violations() -> dict[str, list[str]]:
    """Return what breaks which rule, without the rules that hold."""
    found = {rule.name: [str(each) for each in rule.find()] for rule in invariants()}
    return {name: broken for name, broken in found.items() if broken}


def receive_in_parts() -> PurchaseOrder:
    """Receive on a notice and without, reject some, take some back."""
    order = make_sent_order(10, 4, unit_cost=Decimal("0.335"))
    first, second = line_ids(order)
    notice = announce_shipping_notice(order, quantities={first: 6})
    receive_purchase_order(
        order, quantities={first: 4}, rejected={first: 2}, shipping_notice=notice
    )
    (receipt,) = receive_purchase_order(order, quantities={second: 4})
    reverse_receipt(receipt, reason="booked twice")
    return order


def test_they_are_among_the_rules_of_the_app() -> None:
    names = {rule.name for rule in discovered.invariants()}

    assert {rule.name for rule in invariants()} <= names


def test_whatever_the_services_do_the_books_hold() -> None:
    receive_in_parts()
    whole = make_sent_order(10)
    receive_purchase_order(whole, quantities={line_ids(whole)[0]: 10})
    make_sent_order(10)
    make_purchase_order(1)
    complete_work_order(make_running_order(10), 4, scrapped=1)
    release_work_order(make_work_order())
    cancel_work_order(release_work_order(make_work_order()), reason="not sold")

    assert violations() == {}


def test_units_without_a_receipt_are_seen() -> None:
    order = receive_in_parts()
    PurchaseOrderItem.objects.filter(line_number=2).update(quantity_received=1)
    ShippingNoticeItem.objects.update(quantity_rejected=F("quantity_rejected") - 1)

    assert violations() == {
        "procurement.line_receipts": [
            f"{order} line 2: received 1 and rejected 0, its receipts 0 and 0"
        ],
        "procurement.notice_receipts": [
            (
                f"{order.shipping_notices.get()}: {order} line 1: received 4 and"
                " rejected 1, its receipts 4 and 2"
            )
        ],
    }


def test_a_status_that_does_not_follow_from_the_lines_is_seen() -> None:
    order = receive_in_parts()
    PurchaseOrder.objects.update(status="received")

    assert violations() == {
        "procurement.order_status": [
            f"{order}: received, by its lines partially_received"
        ]
    }


def test_totals_that_do_not_add_up_are_seen() -> None:
    order = make_purchase_order(10)
    PurchaseOrder.objects.update(total=Decimal(30))

    assert violations() == {
        "procurement.order_totals": [
            (
                f"{order}: lines 25.00, subtotal 25.00, tax 0.00, shipping 0.00, total"
                " 30.00"
            )
        ]
    }


def test_a_ring_of_bills_is_seen_with_its_way_round() -> None:
    table, frame = make_variant(sku="TABLE"), make_variant(sku="FRAME")
    make_active_bom(table, frame)
    ring = make_active_bom(frame, make_variant())
    BomLineItem.objects.filter(bom=ring).update(component=table)

    (seen,) = violations()["manufacturing.no_ring"]

    assert seen in (
        "TABLE: TABLE → FRAME → TABLE",
        "FRAME: FRAME → TABLE → FRAME",
    )


def test_material_reserved_for_an_ended_order_is_seen() -> None:
    order = release_work_order(make_work_order())
    WorkOrder.objects.update(status="cancelled")

    (seen,) = violations()["manufacturing.reservations_have_order"]

    assert seen.endswith(f"reserved for work order {order.pk}")


def test_units_that_were_not_made_are_seen() -> None:
    order = make_running_order(10)
    complete_work_order(order, 4)
    WorkOrder.objects.update(quantity_completed=5)

    assert violations() == {"manufacturing.output": [f"{order}: completed 5, made 4"]}
